// Lints each text of a list on standard input as if it stood in a file, and prints what the rules about imports and syntax find,
// as JSON. By itself, because jest's sandbox cannot import ESLint's configuration.
import { json } from 'node:stream/consumers';
import { ESLint } from 'eslint';

const eslint = new ESLint({
  ruleFilter: ({ ruleId }) => /import|no-restricted-syntax/.test(ruleId),
  // These rules need no types, and without them a text is linted in milliseconds.
  overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } },
});
const found = [];
for (const { filePath, text } of await json(process.stdin)) {
  const [result] = await eslint.lintText(text, { filePath });
  found.push(result.messages.map(({ ruleId, message }) => ({ ruleId, message })));
}
process.stdout.write(JSON.stringify(found));
