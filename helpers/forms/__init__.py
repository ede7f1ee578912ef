"""Forms of ipywidgets for JSON Schemas: `Form(schema)`. From a schema to a form:

a JSON Schema    schemas flattens its parts, one at a time: `$ref` and `allOf`
-> Node          kinds says how a part is laid out; members and choices, what stands in it
-> Field         build makes the field of a node: text, fields, chips, lists, objects, unions
-> Slot          slots puts a field into its place, under its name (words) or left out
-> Form          form reads, checks and fills the fields, which views swaps for a JSON editor
FieldContext     context makes every widget, and tells the form of every edit
checking         asks jsonschema, kept within bounds by guard and patterns
Problem          messages puts what jsonschema finds into words, and each Slot shows its own
"""

from helpers.forms.form import Form
from helpers.forms.problems import FormError, Problem

__all__ = ["Form", "FormError", "Problem"]
