"""The look of the widgets: one style sheet, in JupyterLab's own variables.

Colours come from JupyterLab alone, so that its light, dark and high-contrast themes hold.
A state is told by a word and a sign; its colour is a tint and an edge, never the text.
"""

from __future__ import annotations

import ipywidgets

from helpers.forms.style import FORM_CSS
from helpers.panels.shown_style import SHOWN_CSS

STYLE = (
    """
.mcpk-panel { gap: 6px; padding: 2px; overflow: hidden; color: var(--jp-ui-font-color1); }
.mcpk-panel .widget-html, .mcpk-panel .widget-html-content {
  font-size: var(--jp-ui-font-size1); line-height: 1.4; overflow-wrap: anywhere;
}
.mcpk-panel .widget-html { height: auto; margin: 0; }
.mcpk-facts {
  display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: baseline;
  color: var(--jp-ui-font-color1);
}
.mcpk-tool-name { font-family: var(--jp-code-font-family); }
.mcpk-title { font-size: var(--jp-ui-font-size2); font-weight: 600; }
.mcpk-tool-text {
  max-height: 8.5em; overflow: auto; white-space: pre-wrap; unicode-bidi: plaintext;
}
.mcpk-hint {
  padding: 0 6px; border: 1px solid var(--jp-border-color0); border-radius: 8px;
  white-space: nowrap;
}
/* the list takes the whole width where there is no room beside it */
.mcpk-columns { flex-flow: row wrap; gap: 4px 16px; align-items: stretch; overflow: hidden; }
.mcpk-list { flex: 1 0 184px; min-height: 12em; gap: 4px; overflow: hidden; }
.mcpk-desk { gap: 6px; overflow: hidden; }
.mcpk-work { flex: 1000 1 340px; min-width: 0; gap: 6px; overflow: hidden; }
/* a label above its control, where there is no room beside it */
.mcpk-above { flex-direction: column; align-items: stretch; height: auto; width: auto; margin: 0; }
.mcpk-above > .widget-label {
  width: auto; height: auto; text-align: left; line-height: 1.5; font-weight: 600;
  color: var(--jp-ui-font-color1);
}
.mcpk-above > input { width: 100%; flex: none; }
.mcpk-grow { flex: 1 1 auto; }
.mcpk-above > select { width: 100%; min-height: 5em; flex: 1 1 auto; }
.mcpk-mono > select, .mcpk-mono > textarea, .mcpk-mono > input {
  font-family: var(--jp-code-font-family); font-size: var(--jp-code-font-size);
}
.mcpk-above > textarea { width: 100%; flex: none; resize: vertical; overflow-wrap: anywhere; }
.mcpk-panel select option { padding: 1px 4px; }
.mcpk-panel :is(input, select, textarea, button, [tabindex="0"]):focus-visible {
  outline: 2px solid var(--jp-brand-color1); outline-offset: -1px;
}
.mcpk-list .widget-button { margin: 0; width: 100%; }
.mcpk-strip { gap: 4px 8px; align-items: center; min-height: 32px; overflow: hidden; }
.mcpk-strip .widget-button { width: auto; min-width: 72px; margin: 0; flex: none; }
.mcpk-strip > .widget-html { flex: none; }
.mcpk-strip > :is(.mcpk-state, .mcpk-connection) { flex: 1 1 0; min-width: 0; }
/* one line, whatever a server reports: nothing below may jump */
.mcpk-elapsed {
  overflow: hidden; white-space: nowrap; text-overflow: ellipsis;
  font-variant-numeric: tabular-nums;
}
.mcpk-spinner {
  display: inline-block; width: 1em; height: 1em; vertical-align: -0.15em; box-sizing: border-box;
  border: 2px solid var(--jp-border-color1); border-top-color: var(--jp-brand-color1);
  border-radius: 50%; animation: mcpk-turn 0.8s linear infinite;
}
@keyframes mcpk-turn { to { transform: rotate(360deg); } }
@media (prefers-reduced-motion: reduce) {
  .mcpk-spinner { animation: none; border-style: dotted; }
}
.mcpk-strip progress {
  width: 120px; max-width: 30%; vertical-align: -0.1em; accent-color: var(--jp-brand-color1);
}
.mcpk-outcome {
  display: flex; flex-wrap: wrap; gap: 0 10px; padding: 3px 8px; align-items: baseline;
  color: var(--jp-ui-font-color0); border-left: 4px solid var(--jp-border-color1);
  background: var(--jp-layout-color2); overflow-wrap: anywhere;
}
.mcpk-outcome.mcpk-ok { --mcpk-tint: var(--jp-success-color1); }
.mcpk-outcome.mcpk-tool-error { --mcpk-tint: var(--jp-warn-color1); }
.mcpk-outcome:is(
  .mcpk-protocol-error, .mcpk-connection-lost, .mcpk-connection-closed, .mcpk-no-answer
) {
  --mcpk-tint: var(--jp-error-color1);
}
.mcpk-outcome.mcpk-running { --mcpk-tint: var(--jp-info-color1); }
.mcpk-outcome:is(
  .mcpk-ok, .mcpk-tool-error, .mcpk-protocol-error, .mcpk-connection-lost, .mcpk-running,
  .mcpk-connection-closed, .mcpk-no-answer
) {
  border-left-color: var(--mcpk-tint);
  background: color-mix(in srgb, var(--mcpk-tint) 14%, var(--jp-layout-color1));
}
/* the line above a result is one line, however narrow: nothing below may jump */
.mcpk-answer .mcpk-outcome { flex-wrap: nowrap; white-space: nowrap; }
.mcpk-answer .mcpk-outcome strong { overflow: hidden; text-overflow: ellipsis; }
.mcpk-call {
  flex: 1 1 0; min-width: 3em; overflow: hidden; text-align: right; white-space: nowrap;
  text-overflow: ellipsis; font-family: var(--jp-code-font-family);
}
/* a fixed height, so that nothing jumps when a result arrives; it can be dragged larger */
.mcpk-result {
  height: 240px; min-height: 60px; overflow: auto; resize: vertical; gap: 4px; flex: none;
  padding: 4px 6px; border: 1px solid var(--jp-border-color2); border-top: none;
}
.mcpk-answer { gap: 0; overflow: hidden; }
.mcpk-answer .widget-html { margin: 0; }
.mcpk-result > * { flex: none; }
.mcpk-history { height: 118px; }
.mcpk-history > select { min-height: 0; }
"""
    + FORM_CSS
    + SHOWN_CSS
)


def stylesheet() -> ipywidgets.HTML:
    """The style sheet as a widget that takes no room; one in each console or inspector."""
    return ipywidgets.HTML(f"<style>{STYLE}</style>", layout={"display": "none"})
