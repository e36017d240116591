// Lints a list of snippets from standard input as if each were in its file, and prints the findings of the import and
// syntax rules as JSON. A separate process, because jest's sandbox cannot import ESLint's configuration.
import { json } from 'node:stream/consumers';
import { ESLint } from 'eslint';

const eslint = new ESLint({
  ruleFilter: ({ ruleId }) => /import|no-restricted-syntax/.test(ruleId),
  // These rules need no types. Without them a snippet is linted in milliseconds.
  overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } },
});
const found = [];
for (const { filePath, text } of await json(process.stdin)) {
  const [result] = await eslint.lintText(text, { filePath });
  found.push(result.messages.map(({ ruleId, message }) => ({ ruleId, message })));
}
process.stdout.write(JSON.stringify(found));
