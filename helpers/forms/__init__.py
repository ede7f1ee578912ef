"""Forms of ipywidgets for JSON Schemas: `Form(schema)`."""

from helpers.forms.form import Form
from helpers.forms.problems import FormError, Problem

__all__ = ["Form", "FormError", "Problem"]
