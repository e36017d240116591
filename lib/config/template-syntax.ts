import { Tokenizer, TypeGuards, type Token } from 'liquidjs';

// liquidjs ignores what it does not understand: it reads `{{ Event.Order Id }}` as `Event.Order`, and
// `{{ Profile email }}` as the whole profile. This module checks every token.

/** A part of a template that liquidjs would ignore. */
export class TemplateSyntaxError extends Error {
  override readonly name = 'TemplateSyntaxError';

  /**
   * @param offset 0-based position in the template, in UTF-16 code units
   * @param remedy what to do
   */
  constructor(
    message: string,
    readonly offset: number,
    readonly remedy: string,
  ) {
    super(message);
  }
}

/** The names in a template. */
export interface TemplateNames {
  /** The first names of paths, such as `Event` in `Event.price`. */
  readonly roots: { readonly name: string; readonly offset: number }[];
  /** Variables that the template assigns. */
  readonly variables: Set<string>;
}

/**
 * Checks every token of a template that liquidjs can parse.
 *
 * @throws {TemplateSyntaxError} for the first token that liquidjs would ignore
 */
export function readTemplate(template: string): TemplateNames {
  const names: TemplateNames = { roots: [], variables: new Set() };
  readTokens(new Tokenizer(template).readTopLevelTokens(), names);
  return names;
}

function readTokens(tokens: readonly Token[], names: TemplateNames): void {
  let isComment = false;
  const branches = new Branches();
  for (const token of tokens) {
    const isTag = TypeGuards.isTagToken(token);
    if (isTag && /^(?:end)?comment$/.test(token.name)) isComment = token.name === 'comment';
    if (isComment || (isTag && token.name === 'endcomment')) continue;
    branches.enter(token);
    if (isTag) readTag(token.name, token.tokenizer, names);
    else if (TypeGuards.isOutputToken(token)) {
      const reader = new Reader(new Tokenizer(token.input, undefined, undefined, token.contentRange), names);
      reader.value();
      reader.end();
    }
  }
}

/** The open branches of a template: liquidjs drops what precedes the first and follows the last. */
class Branches {
  private readonly open: { hasElse: boolean; isBeforeWhen: boolean }[] = [];

  /** @throws {TemplateSyntaxError} for a token that liquidjs would drop, or for an unreachable branch */
  enter(token: Token): void {
    const tag = TypeGuards.isTagToken(token) ? token.name : '';
    const block = this.open.at(-1);
    if (/^(?:when|elsif|else|endcase)$/.test(tag) && block !== undefined) {
      block.isBeforeWhen = false;
      if (block.hasElse && tag !== 'endcase') {
        throw new TemplateSyntaxError(
          `${tag} after else would be ignored`,
          token.begin,
          'use one else, as the last branch',
        );
      }
      block.hasElse = tag === 'else';
    }
    if (block?.isBeforeWhen === true && tag !== '#' && token.getText().trim() !== '') {
      throw new TemplateSyntaxError(
        `${JSON.stringify(firstWord(token.getText()))} before the first when would be ignored`,
        token.begin,
        'move it before the case or into a when',
      );
    }
    if (/^(?:if|unless|case|for|tablerow)$/.test(tag)) {
      this.open.push({ hasElse: false, isBeforeWhen: tag === 'case' });
    } else if (/^end(?:if|unless|case|for|tablerow)$/.test(tag)) this.open.pop();
  }
}

function readTag(name: string, tokenizer: Tokenizer, names: TemplateNames): void {
  if (name === '#' || name === 'comment') return;
  if (name === 'liquid') {
    readTokens(tokenizer.readLiquidTagTokens(), names);
    return;
  }
  const reader = new Reader(tokenizer, names);
  switch (name) {
    case 'if':
    case 'elsif':
    case 'unless':
    case 'case':
      reader.value();
      break;
    case 'echo':
      if (!reader.isAtEnd()) reader.value();
      break;
    case 'when':
      do reader.operand();
      while (reader.accepts(',') || reader.accepts('or'));
      break;
    case 'cycle':
      reader.group();
      do reader.value();
      while (reader.accepts(','));
      break;
    case 'assign':
      reader.variable();
      reader.accepts('=');
      reader.value();
      break;
    case 'capture':
      if (!reader.acceptsQuotedVariable()) reader.variable();
      break;
    case 'increment':
    case 'decrement':
      reader.variable();
      break;
    case 'for':
      reader.loop(['limit', 'offset', 'reversed']);
      break;
    case 'tablerow':
      reader.loop(['limit', 'offset', 'cols']);
      break;
    default:
    // Tags without arguments, such as else, endif, break and abort.
  }
  reader.end();
}

/** Reads the expressions of an output or a tag. */
class Reader {
  /** The last token read, if it was an operand. */
  private last: Token | undefined;

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly names: TemplateNames,
  ) {}

  isAtEnd(): boolean {
    this.tokenizer.skipBlank();
    return this.tokenizer.end();
  }

  /** @throws {TemplateSyntaxError} if anything is left */
  end(): void {
    if (!this.isAtEnd()) throw this.ignored();
  }

  /** Reads an operator or word if it comes next. */
  accepts(expected: string): boolean {
    if (this.isAtEnd()) return false;
    const rest = this.tokenizer.remaining();
    const isNext =
      rest.startsWith(expected) && !/^\w\w/.test(expected.slice(-1) + rest.charAt(expected.length));
    if (isNext) this.tokenizer.advance(expected.length);
    return isNext;
  }

  /** Operands with their operators and filters. */
  value(): void {
    this.operands();
    while (this.accepts('|')) {
      const filter = this.tokenizer.readIdentifier().getText();
      if (filter === '') throw this.missing('the name of a filter');
      this.last = undefined;
      if (!this.accepts(':')) continue;
      let position = 0;
      do {
        const count = this.names.roots.length;
        const isMissing = this.isAtEnd();
        const begin = this.tokenizer.p;
        // An argument's name is not a path.
        const isNamed = !isMissing && this.group();
        if (isNamed) this.names.roots.length = count;
        else if (!isMissing && position >= (argumentCounts.get(filter) ?? Infinity)) {
          throw this.ignored(begin);
        }
        const argument = this.operand();
        if (position === 1 && noNumberSecond.has(filter) && TypeGuards.isNumberToken(argument)) {
          throw this.ignored(argument.begin);
        }
        if (!isNamed) position += 1;
      } while (this.accepts(','));
    }
  }

  private operands(): void {
    for (;;) {
      let operator = this.tokenizer.readOperator();
      while (operator?.getText() === 'not') operator = this.tokenizer.readOperator();
      if (operator !== undefined) throw this.missing('a value', operator.begin);
      this.operand();
      operator = this.tokenizer.readOperator();
      if (operator === undefined) return;
      if (operator.getText() === 'not') throw this.ignored(operator.begin);
    }
  }

  /** A literal, a range or a path. */
  operand(): Token {
    const isMissing = this.isAtEnd();
    const begin = this.tokenizer.p;
    const token = isMissing ? undefined : this.tokenizer.readValue();
    if (token === undefined || this.tokenizer.p === begin) throw this.missing('a value', begin);
    this.check(token);
    this.last = token;
    return token;
  }

  /** Reads a name that ends with a colon, if it comes next: the group of a `cycle`, or an argument. */
  group(): boolean {
    const { p } = this.tokenizer;
    const count = this.names.roots.length;
    this.operand();
    if (this.accepts(':')) return true;
    this.tokenizer.p = p;
    this.names.roots.length = count;
    return false;
  }

  variable(): void {
    const name = this.tokenizer.readIdentifier().getText();
    if (name === '') throw this.missing('a name');
    this.names.variables.add(name);
  }

  acceptsQuotedVariable(): boolean {
    const quoted = this.tokenizer.readQuoted();
    if (quoted === undefined) return false;
    this.check(quoted);
    this.names.variables.add(quoted.content);
    return true;
  }

  /** Reads the arguments of `for` and `tablerow`. */
  loop(modifiers: readonly string[]): void {
    this.variable();
    this.accepts('in');
    this.operand();
    while (!this.isAtEnd()) {
      this.accepts(',');
      const begin = this.tokenizer.p;
      const modifier = this.tokenizer.readIdentifier().getText();
      if (!modifiers.includes(modifier)) throw this.ignored(begin);
      if (modifier === 'reversed') continue;
      if (!this.accepts(':')) throw this.missing(`a colon after ${modifier}`);
      const count = this.names.roots.length;
      const operand = this.operand();
      // `offset: continue` resumes the last loop: a keyword, not a name.
      const isContinue = modifier === 'offset' && modifiers.includes('reversed');
      if (isContinue && operand.getText() === 'continue') this.names.roots.length = count;
    }
  }

  /** Checks an operand down to its parts: liquidjs would ignore anything between them. */
  private check(token: Token): void {
    if (TypeGuards.isQuotedToken(token) && !/^(["'])(?:\\[^]|(?!\1)[^\\])*\1$/.test(token.getText())) {
      throw new TemplateSyntaxError('a quote is not closed', token.begin, 'close it');
    }
    if (TypeGuards.isRangeToken(token)) {
      this.check(token.lhs);
      this.check(token.rhs);
    }
    if (!TypeGuards.isPropertyAccessToken(token)) return;
    const { input } = token;
    let position = token.begin;
    if (input.charAt(position) === '.') {
      throw new TemplateSyntaxError('the dot would be ignored', position, 'remove it');
    }
    if (token.variable !== undefined) {
      this.check(token.variable);
      position = token.variable.end;
    } else if (token.props[0] !== undefined) this.addRoot(token.props[0]);
    for (const part of token.props) {
      const isBracketed = input.slice(position, part.begin).trim() === '[';
      position = part.end;
      if (!isBracketed) continue;
      this.check(part);
      const close = input.indexOf(']', position);
      const ignored = input.slice(position, close).trim();
      if (part.size() === 0 || ignored !== '') {
        const name = input.slice(part.begin, close).trim();
        const remedy = `write ${input.slice(token.begin, part.begin).trim()}${quoted(name)}]`;
        throw new TemplateSyntaxError(`${JSON.stringify(name)} is not a valid name`, part.begin, remedy);
      }
      position = close + 1;
    }
    if (position < token.end) throw this.ignored(position);
  }

  private addRoot(part: Token): void {
    const name = TypeGuards.isQuotedToken(part) ? part.content : part.getText();
    this.names.roots.push({ name, offset: part.begin });
  }

  private missing(what: string, offset = this.tokenizer.p): TemplateSyntaxError {
    const rest = this.tokenizer.input.slice(offset, this.tokenizer.N).trim();
    const place = rest === '' ? 'at the end' : `before ${JSON.stringify(firstWord(rest))}`;
    return new TemplateSyntaxError(
      `${what} is missing ${place}`,
      offset,
      'add it, or remove what requires it',
    );
  }

  private ignored(offset = this.tokenizer.p): TemplateSyntaxError {
    const { input, N } = this.tokenizer;
    const rest = input.slice(offset, N);
    const name = this.nameWithBlanks(offset);
    return new TemplateSyntaxError(
      `${JSON.stringify(firstWord(rest))} would be ignored`,
      offset,
      name === undefined
        ? /^\s[.[][^\s]/.test(input.slice(offset - 1, N))
          ? 'remove the space before it'
          : 'remove it, or add the missing operator, comma or quotes before it'
        : `write ${name}`,
    );
  }

  /** The last path together with the words after it, as `Event["Order Id"]`. */
  private nameWithBlanks(offset: number): string | undefined {
    const { last } = this;
    const { input, N } = this.tokenizer;
    if (!TypeGuards.isPropertyAccessToken(last) || input.slice(last.end, offset).trim() !== '')
      return undefined;
    const [text = '', sign] = /^([^|,:=<>!'"()[\]{}]+)(.?)/.exec(input.slice(offset, N))?.slice(1) ?? [];
    const words = text.replace(otherWords, '').trim();
    const path = last.getText();
    if (
      words === '' ||
      words.startsWith('.') ||
      path.endsWith(']') ||
      (sign === ':' && words === text.trim())
    )
      return undefined;
    const dot = path.lastIndexOf('.');
    return dot === -1
      ? `${path}[${quoted(words)}]`
      : `${path.slice(0, dot)}[${quoted(`${path.slice(dot + 1)} ${words}`)}]`;
  }
}

/** Filters by the maximum number of arguments they read; liquidjs ignores further ones. */
const filtersByArguments = [
  [
    ...['abs', 'base64_decode', 'base64_encode', 'capitalize', 'ceil', 'cgi_escape', 'compact', 'downcase'],
    ...['escape', 'escape_once', 'first', 'floor', 'last', 'newline_to_br', 'normalize_whitespace', 'pop'],
    ...['raw', 'reverse', 'sha256', 'shift', 'size', 'squish', 'strip_html', 'strip_newlines', 'to_integer'],
    ...['uniq', 'upcase', 'uri_escape', 'url_decode', 'url_encode', 'url_escape'],
    ...['url_param_escape', 'xml_escape'],
  ],
  [
    ...['append', 'array_to_sentence_string', 'at_least', 'at_most', 'concat', 'default', 'group_by'],
    ...['hmac_sha256', 'inspect', 'join', 'json', 'jsonify', 'lstrip', 'map', 'minus', 'modulo'],
    ...['number_of_words', 'plus', 'prepend', 'push', 'remove', 'remove_first', 'remove_last', 'round'],
    ...['rstrip', 'sort', 'sort_natural', 'split', 'strip', 'sum', 'times', 'unshift'],
  ],
  [
    ...['date', 'date_tz', 'divided_by', 'find', 'find_index', 'has', 'reject', 'replace', 'replace_first'],
    ...['replace_last', 'slice', 'slugify', 'truncate', 'truncatewords', 'where'],
  ],
];

/** The maximum number of arguments that each filter reads. */
export const argumentCounts: ReadonlyMap<string, number> = new Map(
  filtersByArguments.flatMap((filters, count) => filters.map((filter) => [filter, count] as const)),
);

/** Filters whose second argument is never a number: one there is the rest of a number such as 1,000. */
const noNumberSecond: ReadonlySet<string> = new Set(['divided_by', 'truncate', 'truncatewords']);

/** Words that end a name with spaces, and everything after them. */
const otherWords = /\s+(?:and|or|contains|not|limit|offset|cols|reversed)\b[^]*$/;

const firstWord = (text: string): string => /^\S{1,40}/.exec(text.trim())?.[0] ?? '';

const quoted = (name: string): string => `"${name.replace(/\s+/g, ' ')}"`;
