"""How a form looks, in JupyterLab's own variables, so that every theme holds."""

FORM_CSS = """
.mcpk-form { container-type: inline-size; width: 100%; overflow: hidden; }
/* the visible names stand in a column of their own; these are for screen readers */
.mcpk-form .widget-label {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
.mcpk-form .widget-inline-hbox, .mcpk-form .widget-box, .mcpk-form .widget-html {
    margin: 0; min-width: 0; overflow: visible; position: relative;
}
.mcpk-form .widget-html-content { overflow: visible; }
.mcpk-form .widget-text, .mcpk-form .widget-textarea, .mcpk-form .widget-dropdown { width: 100%; }
.mcpk-form .mcpk-stack { display: flex; flex-direction: column; gap: 8px; width: 100%; }
.mcpk-form .mcpk-inner {
    border-left: 2px solid var(--jp-border-color2); padding-left: 10px; margin: 4px 0 0 2px;
}
.mcpk-form .mcpk-row {
    display: grid; align-items: center; column-gap: 8px; width: 100%; overflow: visible;
    grid-template-columns: minmax(5em, 10em) auto minmax(8em, 1fr) minmax(5em, 12em);
    grid-template-areas:
        "name state control words" ". about about about" ". problem problem problem";
}
.mcpk-form .mcpk-wide {
    grid-template-columns: minmax(5em, 10em) auto 1fr;
    grid-template-areas:
        "name state words" ". about about" "control control control" "problem problem problem";
}
.mcpk-form .mcpk-row > * { grid-area: control; }
.mcpk-form .mcpk-info, .mcpk-form .mcpk-info > .widget-html-content { display: contents; }
.mcpk-form .mcpk-row > .mcpk-state { grid-area: state; width: 7em; }
.mcpk-form .mcpk-row > .mcpk-problem { grid-area: problem; }
.mcpk-name { grid-area: name; overflow-wrap: anywhere; line-height: 1.3; }
.mcpk-words {
    grid-area: words; color: var(--jp-ui-font-color2); overflow-wrap: anywhere; line-height: 1.3;
}
.mcpk-about {
    grid-area: about; color: var(--jp-ui-font-color2); font-size: var(--jp-ui-font-size0);
    line-height: 1.4; max-height: 7em; overflow: auto; overflow-wrap: anywhere;
    white-space: pre-line;
}
.mcpk-required { color: var(--jp-ui-font-color2); font-size: var(--jp-ui-font-size0); }
.mcpk-form .mcpk-problem, .mcpk-form .mcpk-problem .widget-html-content {
    color: var(--jp-error-color0); line-height: 1.4; overflow-wrap: anywhere;
}
.mcpk-note { color: var(--jp-ui-font-color2); line-height: 1.4; margin: 0; }
.mcpk-form .mcpk-line, .mcpk-form .mcpk-item, .mcpk-form .mcpk-chips, .mcpk-form .mcpk-chip {
    display: flex; flex-direction: row; align-items: center; gap: 4px; width: 100%;
}
.mcpk-form .mcpk-item > .mcpk-row { flex: 1 1 auto; }
.mcpk-form .mcpk-chips { flex-wrap: wrap; }
.mcpk-form .mcpk-chip {
    width: auto; padding: 0 2px 0 8px; border: 1px solid var(--jp-border-color1);
    border-radius: 12px; background: var(--jp-layout-color2);
}
.mcpk-form .mcpk-small { width: auto; margin: 0; padding: 0 8px; flex: none; }
.mcpk-form .mcpk-foot { display: flex; justify-content: flex-end; width: 100%; }
.mcpk-form .mcpk-json textarea { font-family: var(--jp-code-font-family); }
@container (max-width: 560px) {
    .mcpk-form .mcpk-row {
        grid-template-columns: auto minmax(0, 1fr);
        grid-template-areas:
            "name words" "state control" "about about" "problem problem";
    }
    .mcpk-form .mcpk-wide {
        grid-template-areas:
            "name words" "state state" "about about" "control control" "problem problem";
    }
}
"""
