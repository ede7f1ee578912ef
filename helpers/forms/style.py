"""How a form looks, in JupyterLab's own variables, so that every theme holds."""

FORM_CSS = """
.mcpk-form { container-type: inline-size; width: 100%; overflow: hidden; }
/* the visible names stand in a column of their own; these are for screen readers */
.mcpk-form .jupyter-widgets > .widget-label {
    position: absolute; width: 1px; height: 1px; min-width: 0; margin: 0; padding: 0;
    overflow: hidden; clip-path: inset(50%);
}
.mcpk-form .widget-inline-hbox, .mcpk-form .widget-box, .mcpk-form .widget-html {
    margin: 0; min-width: 0; overflow: visible; position: relative;
}
.mcpk-form .widget-html-content { overflow: visible; }
.mcpk-form .widget-text, .mcpk-form .widget-textarea, .mcpk-form .widget-dropdown { width: 100%; }
.mcpk-form .mcpk-stack { display: flex; flex-direction: column; gap: 8px; width: 100%; }
.mcpk-form .mcpk-inner {
    border-left: 2px solid var(--jp-border-color2); padding-left: 10px; margin: 4px 0 0;
}
.mcpk-form .mcpk-row {
    display: grid; align-items: center; column-gap: 8px; width: 100%; overflow: visible;
    grid-template-columns: minmax(5em, 10em) 7em minmax(7em, 1.6fr) minmax(7em, 1fr);
    grid-template-areas:
        "name state control words" ". about about about" ". problem problem problem";
}
.mcpk-form .mcpk-wide {
    grid-template-columns: minmax(5em, 10em) 7em 1fr;
    grid-template-areas:
        "name state words" ". about about" "control control control" ". problem problem";
}
.mcpk-form .mcpk-row > * { grid-area: control; }
.mcpk-form .mcpk-row:not(.mcpk-stated) > * { grid-column: 2 / 4; }
.mcpk-form .mcpk-row.mcpk-wide > * { grid-column: 1 / -1; }
.mcpk-form .mcpk-wide:not(.mcpk-stated) > .mcpk-info .mcpk-words { grid-column: 2 / -1; }
.mcpk-form .mcpk-info, .mcpk-form .mcpk-info > .widget-html-content { display: contents; }
.mcpk-form .mcpk-row > .mcpk-state,
.mcpk-form .mcpk-wide > .mcpk-state { grid-area: state; }
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
    /* JupyterLab's reds are the same in every theme: towards the text's colour, they contrast */
    color: color-mix(in srgb, var(--jp-error-color1) 65%, var(--jp-ui-font-color0));
    line-height: 1.4; overflow-wrap: anywhere;
}
.mcpk-note { color: var(--jp-ui-font-color2); line-height: 1.4; margin: 0; }
.mcpk-form .mcpk-line, .mcpk-form .mcpk-item, .mcpk-form .mcpk-chips, .mcpk-form .mcpk-chip {
    display: flex; flex-direction: row; align-items: center; gap: 4px; width: 100%;
}
.mcpk-form .mcpk-stack > .mcpk-small { align-self: flex-start; }
.mcpk-form .mcpk-item { align-items: flex-start; }
.mcpk-form .mcpk-item > .mcpk-row {
    flex: 1 1 auto; grid-template-columns: 2em auto minmax(7em, 1.6fr) minmax(5em, 1fr);
}
.mcpk-form .mcpk-item > .mcpk-wide { grid-template-columns: 2em auto 1fr; }
.mcpk-form .mcpk-pair > .widget-text { flex: 0 1 12em; }
.mcpk-form .mcpk-pair > .mcpk-row { grid-template-columns: 0 auto minmax(7em, 2fr) 1fr; }
.mcpk-form .mcpk-pair > .mcpk-row > .mcpk-info .mcpk-name { display: none; }
.mcpk-form .mcpk-absent input, .mcpk-form .mcpk-absent textarea {
    color: var(--jp-ui-font-color2); font-style: italic;
}
.mcpk-form .mcpk-union { display: flex; flex-direction: column; gap: 6px; width: 100%; }
.mcpk-form .mcpk-kind { max-width: 24em; }
.mcpk-form .mcpk-chips { flex-wrap: wrap; }
.mcpk-form .mcpk-chip {
    width: auto; padding: 0 2px 0 8px; border: 1px solid var(--jp-border-color1);
    border-radius: 12px; background: var(--jp-layout-color2);
}
.mcpk-form .mcpk-small { width: auto; margin: 0; padding: 0 8px; flex: none; }
/* a button's name is for screen readers, its sign for the eye */
.mcpk-form [class*="mcpk-sign-"] { font-size: 0; }
.mcpk-form [class*="mcpk-sign-"]::before { font-size: var(--jp-ui-font-size1); }
.mcpk-sign-add::before { content: "+ add" / ""; }
.mcpk-sign-remove::before { content: "×" / ""; }
.mcpk-sign-up::before { content: "↑" / ""; }
.mcpk-sign-down::before { content: "↓" / ""; }
.mcpk-sign-earlier::before { content: "←" / ""; }
.mcpk-sign-lines::before { content: "↵" / ""; }
.mcpk-form .mcpk-foot { display: flex; justify-content: flex-end; width: 100%; }
.mcpk-form .mcpk-json textarea { font-family: var(--jp-code-font-family); }
@container (max-width: 560px) {
    .mcpk-form .mcpk-row {
        grid-template-columns: auto minmax(0, 1fr);
        grid-template-areas:
            "name words" "state control" "about about" "problem problem";
    }
    .mcpk-form .mcpk-row:not(.mcpk-stated) > * { grid-column: 1 / -1; }
    .mcpk-form .mcpk-row > .mcpk-state { min-width: 7em; }
    .mcpk-form .mcpk-wide {
        grid-template-areas:
            "name words" "state state" "about about" "control control" "problem problem";
    }
}
"""
