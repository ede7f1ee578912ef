"""The widgets: the tool console, the inspector, and what both are made of.

Work -> Link        the way to a client from any thread; all else hangs on it, and ends with it
Panel               what displays itself: ToolConsole, and Inspector with one Pane to a tab
ToolConsole         ConnectionLine on top, ToolList on the left (filled by Toolbox), and beside it:
  Desk                the tool's description and its form;  Arrivals holds a click back (unseen)
  Strip, Calls        the buttons Call and Cancel, and the queue that they work on
  Answer, History     what came back, and all calls so far
Pane -> ListPane    a Chooser, and a view of what is chosen: its fields, and an Exchange, which is
                    button, line of Python, outcome and result. `shown` draws every result.
"""
