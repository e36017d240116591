import './without-eval';
import { signal } from '@preact/signals';
import { render } from 'preact';
import { sampleOf } from '../../relay/samples';
import type { Draft } from './judge';
import { Composer } from './parts/composer';

const draft = signal<Draft>({ payload: sampleOf('custom-body')?.body ?? '', pathEvent: '', rule: null });
const page = document.getElementById('page');
const settings = {
  environment: 'local',
  identityOrder: ['identity', 'email'],
  dedupeWindowMinutes: 10,
  mapping: { rules: [], campaigns: {}, deniedIdentities: [] },
};
if (page !== null) render(<Composer settings={settings} draft={draft} />, page);
