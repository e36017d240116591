import './without-eval';
import { render } from 'preact';
import { Model } from './console/model';
import { Page } from './console/page';

const root = document.getElementById('page');
if (root === null) throw new Error('the page has no element with the id "page"');
const model = new Model();
render(<Page model={model} />, root);
model.start();
