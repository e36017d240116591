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
  /** What it edits, for a person who cannot see it. */
  readonly label: string;
  /** `data-testid` of the element that takes the text. */
  readonly testId: string;
  /** Set from outside as well as by the editor, through `onChange`. */
  readonly text: ReadonlySignal<string>;
  readonly onChange: (value: string) => void;
  /** Places of the text with something to say about them. */
  readonly marks: ReadonlySignal<readonly Mark[]>;
  /** A place to show and to put the cursor at; each new object moves there. */
  readonly reveal: ReadonlySignal<Range | undefined>;
}

/**
 * An editor of JSON. It lives in a shadow root, where CodeMirror's styles need no style element, which `style-src 'self'`
 * would refuse. Tab leaves it.
 */
export function Editor({ label, testId, text, onChange, marks, reveal }: EditorProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return;
    // The text as the editor last had it: another one came from outside.
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
    // At once, and not with the next rendering: meanwhile somebody may have typed on.
    const takeText = (): void => {
      if (text.value === known) return;
      known = text.value;
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: known } });
    };
    const stops = [
      effect(takeText),
      effect(() => {
        // Marks are places in the newest text, and of two effects either may run first.
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

/** CodeMirror's documents have line feeds alone. */
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
  // In place of pictures, which the Content-Security-Policy of the playground refuses.
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
 * What is typed over a selection. Left to itself, the browser gives the new text the colour of the old one in a style
 * attribute, which `style-src` refuses.
 */
function typeOver(event: InputEvent, view: EditorView): boolean {
  if (event.inputType !== 'insertText' || event.data === null || !(view.root instanceof ShadowRoot))
    return false;
  // In a shadow root the event itself does not tell what is replaced.
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

/** Of the default keys Ctrl+Enter is the page's, which sends with it. */
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
