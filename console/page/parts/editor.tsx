import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorSelection, EditorState, type Extension } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { effect, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Mark, Range } from '../places';

interface EditorProps {
  /** The accessible name. */
  readonly label: string;
  /** `data-testid` of the editable element. */
  readonly testId: string;
  /** The caller may set it. The editor reports its own changes through `onChange`. */
  readonly text: ReadonlySignal<string>;
  readonly onChange: (value: string) => void;
  /** Ranges of the text with a message. */
  readonly marks: ReadonlySignal<readonly Mark[]>;
  /** A range to scroll to and select. Each new object does so once. */
  readonly reveal: ReadonlySignal<Range | undefined>;
}

/**
 * An editor for JSON. In a shadow root, CodeMirror needs no style element, which `style-src 'self'` would block. Tab
 * leaves the editor.
 */
export function Editor({ label, testId, text, onChange, marks, reveal }: EditorProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return;
    // The last text of the editor. A different one was set by the caller.
    let known = text.peek();
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open', delegatesFocus: true });
    const editor = new EditorView({
      parent: root,
      root,
      doc: known,
      extensions: [
        ...extensions,
        EditorView.contentAttributes.of({ 'aria-label': label, 'data-testid': testId }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          const typed = docChanged ? state.doc.toString() : known;
          if (typed === withLineFeeds(known)) return;
          known = typed;
          onChange(typed);
        }),
      ],
    });
    // Not with the next rendering: until then, the user may have typed more.
    const takeText = (): void => {
      if (text.value === known) return;
      known = text.value;
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: known } });
    };
    const stops = [
      effect(takeText),
      effect(() => {
        // Marks refer to the newest text, but this effect may run before the one above.
        takeText();
        const diagnostics = marks.value.map(({ range, severity, message }): Diagnostic => ({
          ...inDocument(range, known, editor.state.doc.length),
          severity,
          message,
        }));
        editor.dispatch(setDiagnostics(editor.state, diagnostics));
      }),
      effect(() => {
        if (reveal.value === undefined) return;
        const { from, to } = inDocument(reveal.value, known, editor.state.doc.length);
        const selection = EditorSelection.single(from, to);
        editor.dispatch({ selection, effects: EditorView.scrollIntoView(selection.main, { y: 'center' }) });
        editor.focus();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      editor.destroy();
    };
  }, [label, testId, text, onChange, marks, reveal]);
  return <div class="editor" ref={host} />;
}

/** CodeMirror's documents use only line feeds. */
const withLineFeeds = (text: string): string => (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);

function inDocument({ from, to }: Range, value: string, length: number): Range {
  const position = (offset: number): number =>
    Math.min(value.includes('\r') ? withLineFeeds(value.slice(0, offset)).length : offset, length);
  return { from: position(from), to: position(Math.max(to, from)) };
}

const look = EditorView.theme({
  '&': {
    height: '100%',
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--border)',
    borderRadius: 'var(--radius)',
    fontSize: '12.5px',
  },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', padding: '6px 0' },
  '.cm-gutters': {
    color: 'var(--muted)',
    backgroundColor: 'var(--surface)',
    borderRight: '1px solid var(--border)',
    borderRadius: 'var(--radius) 0 0 var(--radius)',
  },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--raised) 55%, transparent)' },
  '.cm-activeLineGutter': { color: 'var(--text)', backgroundColor: 'var(--raised)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'var(--marked)',
  },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--marked)', color: 'inherit' },
  '&.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'transparent', color: 'var(--bad)' },
  '.cm-specialChar': { color: 'var(--bad)' },
  // CodeMirror's default uses images, which the playground's Content-Security-Policy blocks.
  '.cm-lintRange': { backgroundImage: 'none', textDecoration: 'underline wavy', textUnderlineOffset: '3px' },
  '.cm-lintRange-error': { textDecorationColor: 'var(--bad)', backgroundColor: 'var(--bad-soft)' },
  '.cm-lintRange-warning': { textDecorationColor: 'var(--waiting)' },
  '.cm-lintRange-info': { textDecoration: 'underline dotted', textDecorationColor: 'var(--accent)' },
  '.cm-lintRange-active': { backgroundColor: 'var(--marked)' },
  '.cm-lintPoint:after': { borderBottomColor: 'var(--bad)' },
  '.cm-lint-marker': {
    content: 'normal',
    width: '9px',
    height: '9px',
    margin: '5px 2px 0',
    borderRadius: '50%',
  },
  '.cm-lint-marker-error': { content: 'normal', backgroundColor: 'var(--bad)' },
  '.cm-lint-marker-warning': { content: 'normal', backgroundColor: 'var(--waiting)', borderRadius: '2px' },
  '.cm-lint-marker-info': { content: 'normal', backgroundColor: 'var(--accent)', borderRadius: '2px' },
  '.cm-tooltip': {
    maxWidth: 'min(46ch, 80vw)',
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--border)',
    borderRadius: 'var(--radius)',
  },
  '.cm-diagnostic': { fontFamily: 'var(--sans)', padding: '6px 10px', whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--waiting)' },
  '.cm-diagnostic-info': { borderLeftColor: 'var(--accent)' },
  '.cm-panels': {
    color: 'var(--text)',
    backgroundColor: 'var(--raised)',
    borderTop: '1px solid var(--border)',
  },
  '.cm-panel.cm-panel-lint ul [aria-selected]': { backgroundColor: 'var(--selected)', color: 'var(--text)' },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--code-name)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
  { tag: [tags.separator, tags.squareBracket, tags.brace], color: 'var(--muted)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

/**
 * Handles typing over a selection. The browser itself would keep the old colour in a style attribute, which `style-src`
 * blocks.
 */
function typeOver(event: InputEvent, view: EditorView): boolean {
  if (event.inputType !== 'insertText' || event.data === null || !(view.root instanceof ShadowRoot))
    return false;
  // In a shadow root, the event does not contain the replaced range.
  const selection = getSelection();
  if (selection === null || !('getComposedRanges' in selection)) return false;
  const [range] = selection.getComposedRanges({ shadowRoots: [view.root] });
  if (range === undefined || range.collapsed) return false;
  const ends = [
    view.posAtDOM(range.startContainer, range.startOffset),
    view.posAtDOM(range.endContainer, range.endOffset),
  ];
  const insert = view.state.toText(event.data);
  const from = Math.min(...ends);
  view.dispatch({
    changes: { from, to: Math.max(...ends), insert },
    selection: { anchor: from + insert.length },
    userEvent: 'input.type',
    scrollIntoView: true,
  });
  return true;
}

/** The page uses Ctrl+Enter to send. */
const keys = defaultKeymap.filter(({ key }) => key !== 'Mod-Enter');

const extensions: readonly Extension[] = [
  lineNumbers(),
  lintGutter(),
  highlightActiveLineGutter(),
  highlightActiveLine(),
  highlightSpecialChars(),
  history(),
  drawSelection(),
  bracketMatching(),
  EditorState.tabSize.of(2),
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ tabindex: '0' }),
  EditorView.domEventHandlers({ beforeinput: typeOver }),
  keymap.of([...keys, ...historyKeymap, ...lintKeymap]),
  json(),
  syntaxHighlighting(colours),
  look,
];
