import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { heapModes } from '../../../local/heap/fake-heap';
import { now } from './clock';
import type { Model } from './model';
import { healthTone, healthWords, markOf, modeGroups } from './words';

/** The health of Heap, and the switch for the mode of the fake Heap. */
export function HeapSwitch({ model }: { readonly model: Model }): JSX.Element | null {
  const heap = model.heap.value;
  const settings = model.settings.value;
  if (heap === null || settings === null) return null;
  const tone = healthTone[heap.health];
  const words = healthWords(heap, heap.nextProbeAt === null ? 0 : now.value);
  return (
    <div class="heap">
      <span class={`health tone-${tone}`} title={settings.heapUrl}>
        <span aria-hidden="true">{markOf[tone]}</span> {words}
      </span>
      {settings.isRealHeap ? (
        <span class="hint">
          Events leave this machine for {new URL(settings.heapUrl).host}. This page knows only from the
          function’s log what Heap has stored.
        </span>
      ) : (
        model.stopped.value === null && <Switch model={model} />
      )}
      {settings.chaosSeed !== null && (
        <span class="hint">
          --chaos skips waiting times, so the stack’s clock may be ahead of this machine’s clock.
        </span>
      )}
    </div>
  );
}

const howOften = [
  ['', 'until changed'],
  ['1', 'for 1 request'],
  ['3', 'for 3 requests'],
  ['10', 'for 10 requests'],
] as const;

function Switch({ model }: { readonly model: Model }): JSX.Element {
  const times = useSignal('');
  const seed = useSignal(model.settings.value?.chaosSeed ?? '1');
  const heap = model.heap.value;
  const mode = heap?.mode ?? 'ok';
  const storm = heap?.storm === true;
  const left = heap?.times ?? null;
  const set = (next: string): void => {
    const known = heapModes.find((one) => one === next);
    if (known === undefined) return;
    const limit = known === 'ok' || times.value === '' ? {} : { times: Number(times.value) };
    void model.setHeap({ mode: known, ...limit });
  };
  return (
    <>
      <label class="control">
        <span>Let the fake Heap answer</span>
        <select
          data-testid="heap-mode"
          value={storm ? 'storm' : mode}
          onChange={({ currentTarget }) => {
            if (currentTarget.value === 'storm') void model.setHeap({ storm: seed.value });
            else set(currentTarget.value);
          }}
        >
          {modeGroups.map(({ label, modes }) => (
            <optgroup key={label} label={label}>
              {modes.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </optgroup>
          ))}
          <optgroup label="Everything">
            <option value="storm">storm: random faults</option>
          </optgroup>
        </select>
      </label>
      {storm ? (
        <form
          class="storm"
          onSubmit={(event) => {
            event.preventDefault();
            void model.setHeap({ storm: seed.value });
          }}
        >
          <label class="control">
            <span>Seed</span>
            <input
              class="seed"
              value={seed.value}
              maxLength={40}
              onInput={({ currentTarget }) => {
                seed.value = currentTarget.value;
              }}
            />
          </label>
          <button type="submit" title="The same seed repeats the same faults">
            Start over
          </button>
        </form>
      ) : (
        <label class="control">
          <span class="visually-hidden">How often</span>
          <select
            class="often"
            value={times.value}
            onChange={({ currentTarget }) => {
              times.value = currentTarget.value;
              if (mode !== 'ok') set(mode);
            }}
          >
            {howOften.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
      )}
      {left !== null && <span class="hint">{left === 1 ? '1 request left' : `${left} requests left`}</span>}
    </>
  );
}
