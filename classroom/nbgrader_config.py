"""nbgrader's settings for this course: this folder is its course directory.

nbgrader reads this file by itself when it is started in this folder.
"""

c = get_config()  # noqa: F821 - nbgrader hands it over

# An exercise says "in place of `raise NotImplementedError()`": one line, and nothing beside it.
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()"}
c.ClearSolutions.text_stub = "Write your answer here."

# A check gives up by itself, after at most half a minute. This is for a cell that hangs outside a
# check: it is interrupted, and the next cell runs. A kernel that waits for nothing notices the
# interrupt only when the next cell arrives, so the silence in between must not end the grading.
c.Execute.timeout = 60
c.Execute.raise_on_iopub_timeout = False

# A check decides by its error. Without this, a warning in its output would cost all its points.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "."

# A check that was changed is put right by itself; this puts one back that was deleted.
c.OverwriteCells.add_missing_cells = True
