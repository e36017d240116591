import { computed, effect, signal, useSignal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useMemo } from 'preact/hooks';
import { sampleNames, sampleOf } from '../../../relay/samples';
import type { PageSettings } from '../../wire';
import { createJudge, type Draft, type Judgement } from '../judge';
import { rangeAt, type Mark, type Range } from '../places';
import { Editor } from './editor';
import { Verdict } from './verdict';

interface ComposerProps {
  readonly settings: PageSettings;
  readonly draft: Signal<Draft>;
  /** The app id of the environment, to check one in the payload against. */
  readonly appId?: string;
  /** Buttons beside the editors. */
  readonly actions?: ComponentChildren;
}

/** Samples, editors for payload and rule, and the verdict, which updates while the user types. */
export function Composer({ settings, draft, appId, actions }: ComposerProps): JSX.Element {
  const judge = useMemo(() => createJudge(settings, appId), [settings, appId]);
  const judgement = useJudgement(draft, judge);
  const reveal = useSignal<Range>();
  const revealInRule = useSignal<Range>();
  const parts = useMemo(() => partsOf(draft, judgement), [draft, judgement]);
  const { payload, pathEvent, rule } = draft.value;
  return (
    <div class="composer">
      <div class="composer-parts">
        <section class="composer-input" aria-label="Payload">
          <div class="fields">
            <SampleField
              payload={payload}
              onChoose={(body) => {
                parts.change({ payload: body, pathEvent: '' });
              }}
            />
            <NameField
              value={pathEvent}
              onChange={(name) => {
                parts.change({ pathEvent: name });
              }}
            />
          </div>
          <Editor
            label="Payload, the body of the webhook"
            testId="payload"
            text={parts.payload}
            onChange={parts.changePayload}
            marks={parts.payloadMarks}
            reveal={reveal}
          />
          {rule !== null && (
            <RuleField
              settings={settings}
              judgement={judgement.value}
              reveal={revealInRule}
              text={parts.rule}
              onChange={parts.changeRule}
              marks={parts.ruleMarks}
              onRemove={() => {
                parts.change({ rule: null });
              }}
            />
          )}
          <div class="actions">
            {actions}
            {rule === null && (
              <button
                type="button"
                onClick={() => {
                  parts.changeRule(firstRule);
                }}
              >
                Try a mapping rule
              </button>
            )}
          </div>
        </section>
        <Verdict
          judgement={judgement.value}
          onFind={({ text, range }) => {
            const target = text === 'rule' ? revealInRule : reveal;
            target.value = { ...range };
          }}
        />
      </div>
    </div>
  );
}

interface Parts {
  readonly change: (part: Partial<Draft>) => void;
  readonly changePayload: (payload: string) => void;
  readonly changeRule: (rule: string) => void;
  readonly payload: ReadonlySignal<string>;
  readonly rule: ReadonlySignal<string>;
  readonly payloadMarks: ReadonlySignal<readonly Mark[]>;
  readonly ruleMarks: ReadonlySignal<readonly Mark[]>;
}

/** The values and callbacks of the editors. They stay the same as long as the draft signal does. */
function partsOf(draft: Signal<Draft>, judgement: ReadonlySignal<Judgement>): Parts {
  const change = (part: Partial<Draft>): void => {
    draft.value = { ...draft.peek(), ...part };
  };
  return {
    change,
    changePayload: (payload) => {
      change({ payload });
    },
    changeRule: (rule) => {
      change({ rule });
    },
    payload: computed(() => draft.value.payload),
    rule: computed(() => draft.value.rule ?? ''),
    payloadMarks: computed(() => judgement.value.payloadMarks),
    ruleMarks: computed(() => judgement.value.ruleMarks),
  };
}

/** Judges on each keystroke. A slow draft, such as a large broadcast, waits for a pause in the typing. */
function useJudgement(draft: Signal<Draft>, judge: (draft: Draft) => Judgement): ReadonlySignal<Judgement> {
  const { judged, judgement } = useMemo(() => {
    const judged = signal({ draft: draft.peek(), judgement: judge(draft.peek()) });
    return { judged, judgement: computed(() => judged.value.judgement) };
  }, [draft, judge]);
  useEffect(
    () =>
      effect(() => {
        const next = draft.value;
        const last = judged.peek();
        if (next === last.draft) return;
        const take = (): void => {
          judged.value = { draft: next, judgement: judge(next) };
        };
        if (last.judgement.milliseconds < 50) {
          take();
          return;
        }
        const timer = setTimeout(take, Math.min(2 * last.judgement.milliseconds, 1000));
        return () => {
          clearTimeout(timer);
        };
      }),
    [draft, judge, judged],
  );
  return judgement;
}

interface SampleFieldProps {
  readonly payload: string;
  readonly onChoose: (body: string) => void;
}

function SampleField({ payload, onChoose }: SampleFieldProps): JSX.Element {
  const id = useId();
  const chosen = sampleNames.find((name) => sampleOf(name)?.body === payload) ?? '';
  return (
    <div class="field">
      <label for={id}>Sample</label>
      <select
        id={id}
        data-testid="sample"
        value={chosen}
        onChange={({ currentTarget }) => {
          const sample = sampleOf(currentTarget.value);
          if (sample !== undefined) onChoose(sample.body);
        }}
      >
        <option value="" disabled>
          Your own payload
        </option>
        {sampleNames.map((name) => (
          <option key={name} value={name}>
            {name}: {sampleOf(name)?.summary}
          </option>
        ))}
      </select>
    </div>
  );
}

function NameField({ value, onChange }: { value: string; onChange: (value: string) => void }): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>Event name in the URL</label>
      <input
        id={id}
        data-testid="path-event"
        value={value}
        placeholder="none"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          onChange(currentTarget.value);
        }}
      />
    </div>
  );
}

interface RuleFieldProps {
  readonly settings: PageSettings;
  readonly judgement: Judgement;
  readonly reveal: Signal<Range | undefined>;
  readonly text: ReadonlySignal<string>;
  readonly onChange: (rule: string) => void;
  readonly marks: ReadonlySignal<readonly Mark[]>;
  readonly onRemove: () => void;
}

function RuleField({
  settings,
  judgement,
  reveal,
  text,
  onChange,
  marks,
  onRemove,
}: RuleFieldProps): JSX.Element {
  const { ruleErrors, ruleWarnings } = judgement;
  const problems = [...ruleErrors, ...ruleWarnings];
  const otherwise =
    settings.mapping.rules.length === 0 ? 'the default mapping' : `the rules of ${settings.environment}`;
  return (
    <div class="rule">
      <div class="rule-head">
        <h3>Mapping rule</h3>
        <button type="button" onClick={onRemove}>
          Remove
        </button>
      </div>
      <Editor
        label="Mapping rule"
        testId="rule"
        text={text}
        onChange={onChange}
        marks={marks}
        reveal={reveal}
      />
      {ruleErrors.length > 0 ? (
        <p class="bad">This rule has errors. Until you fix them, the verdict uses {otherwise}.</p>
      ) : (
        <p class="muted">Only for this preview. It replaces {otherwise}.</p>
      )}
      {problems.length > 0 && (
        <ul class="mistakes" data-testid="rule-mistakes">
          {problems.map(({ line, column, key, message }, index) => (
            <li key={index}>
              <button
                type="button"
                class="find"
                onClick={() => {
                  reveal.value = rangeAt(text.peek(), line, column);
                }}
              >
                Line {line}, column {column}
              </button>{' '}
              {key !== undefined && <span class="code">{key}</span>} {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const firstRule = `{
  "when": { "event": "Purchase" },
  "send": {
    "properties": {
      "value": "{{ Event.value }}"
    }
  },
  "types": { "value": "number" }
}
`;
