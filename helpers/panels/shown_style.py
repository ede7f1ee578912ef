"""The look of what came back: part of the one style sheet of a console or an inspector."""

SHOWN_CSS = """
/* `pre.`, because JupyterLab takes border and padding from a plain one */
pre.mcpk-text, .mcpk-tree, .mcpk-scroll {
  max-height: 24em; overflow: auto; margin: 2px 0;
  border: var(--jp-border-width) solid var(--jp-border-color2);
  color: var(--jp-content-font-color1); background: var(--jp-layout-color1);
  font-size: var(--jp-code-font-size); line-height: var(--jp-code-line-height);
}
pre.mcpk-text, .mcpk-tree {
  padding: 4px 8px; font-family: var(--jp-code-font-family);
  white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; unicode-bidi: plaintext;
}
.mcpk-text:focus-visible, .mcpk-tree:focus-visible, .mcpk-scroll:focus-visible,
.mcpk-tree summary:focus-visible {
  outline: 2px solid var(--jp-brand-color1); outline-offset: -2px;
}
.mcpk-tree details > details, .mcpk-tree details > div { margin-left: 1.5em; }
.mcpk-tree summary { cursor: pointer; }
.mcpk-key { color: var(--jp-content-font-color1); font-weight: 600; }
.mcpk-size, .mcpk-cut, .mcpk-missing { color: var(--jp-content-font-color2); }
.mcpk-table { border-collapse: collapse; width: max-content; max-width: none; }
.mcpk-table th, .mcpk-table td {
  padding: 3px 8px; text-align: left; vertical-align: top; max-width: 28em;
  overflow-wrap: anywhere; unicode-bidi: plaintext; white-space: pre-wrap;
  border-bottom: var(--jp-border-width) solid var(--jp-border-color3);
}
.mcpk-table thead th {
  position: sticky; top: 0; white-space: nowrap; background: var(--jp-layout-color2);
  color: var(--jp-content-font-color1);
}
.mcpk-number { display: block; text-align: right; font-variant-numeric: tabular-nums; }
/* the choice of a view, and below it a view that takes the rest of the result's height */
.widget-radio.mcpk-choice {
  display: flex; width: auto; height: auto; align-items: center; flex-flow: row wrap;
}
.mcpk-choice > .widget-label { width: auto; margin-right: 8px; }
.mcpk-choice > .widget-radio-box { margin: 0; padding: 0; width: auto; }
.mcpk-choice .widget-radio-box > label { height: auto; margin: 0 8px 0 0; line-height: 1.5; }
.mcpk-result > .mcpk-views { flex: 1 1 auto; min-height: 0; overflow: hidden; }
.mcpk-result > .mcpk-views > * { flex: none; }
.mcpk-result > .mcpk-views > .widget-html,
.mcpk-result > .mcpk-views > .mcpk-paged,
.mcpk-result > .mcpk-views > .mcpk-paged > .widget-html { flex: 1 1 auto; min-height: 0; }
.mcpk-result > .mcpk-views > .mcpk-blocks { flex: 1 1 auto; min-height: 0; overflow: auto; }
.mcpk-result > .mcpk-views .widget-html-content:has(> :is(.mcpk-scroll, .mcpk-tree)) {
  display: flex; flex-direction: column; min-width: 0; width: 100%;
}
.mcpk-result > .mcpk-views .widget-html-content > :is(.mcpk-scroll, .mcpk-tree) {
  flex: 0 1 auto; min-height: 3em; max-height: none;
}
.mcpk-blocks > *, .mcpk-paged > .widget-box { flex: none; }
.mcpk-paged > .widget-box .widget-button { width: auto; }
.mcpk-panel .widget-html-content { min-width: 0; }
.mcpk-sentence {
  margin: 2px 0; color: var(--jp-content-font-color2); line-height: 1.4;
  overflow-wrap: anywhere; white-space: pre-line;
}
.mcpk-image { max-width: 100%; max-height: 30em; height: auto; }
.mcpk-role { margin-top: 6px; font-weight: 600; }
.mcpk-address { line-height: 1.5; overflow-wrap: anywhere; }
.mcpk-uri { overflow-wrap: anywhere; white-space: pre-wrap; }
.mcpk-pane { gap: 4px; overflow: hidden; }
.mcpk-panel .widget-tab-contents { padding: 8px; }
pre.mcpk-log {
  display: flex; flex-direction: column-reverse; max-height: 30em; overflow: auto; margin: 2px 0;
  padding: 4px 8px; border: var(--jp-border-width) solid var(--jp-border-color2);
  font-family: var(--jp-code-font-family); font-size: var(--jp-code-font-size);
  white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere;
  color: var(--jp-content-font-color1);
}
.mcpk-log code { font: inherit; background: none; padding: 0; }
.mcpk-wire > .widget-label, .mcpk-wire > select { white-space: pre; }
.mcpk-wire > .widget-label {
  font-family: var(--jp-code-font-family); font-size: var(--jp-code-font-size);
  padding-left: 6px; overflow: hidden;
}
.mcpk-diagram { max-height: 40em; overflow: auto; }
.mcpk-timeline { width: 100%; }
.mcpk-timeline td { max-width: none; }
.mcpk-timeline td.mcpk-number { display: table-cell; text-align: right; white-space: nowrap; }
.mcpk-timeline td.mcpk-lane { width: 36%; padding: 3px 0; vertical-align: middle; }
.mcpk-bar { height: 0.9em; background: var(--jp-brand-color1); }
.mcpk-bar.mcpk-received { background: var(--jp-warn-color1); }
.mcpk-sheet { width: auto; max-width: 100%; margin: 4px 0; }
.mcpk-sheet td.mcpk-short { white-space: nowrap; }
.mcpk-strip .widget-dropdown { width: auto; max-width: 240px; }
.mcpk-strip .widget-dropdown > .widget-label { width: auto; margin-right: 6px; }
.mcpk-sheet th[scope="row"] { font-weight: 600; white-space: nowrap; }
"""
