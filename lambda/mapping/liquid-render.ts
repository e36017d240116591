import {
  AssignTag,
  CaseTag,
  Drop,
  ForTag,
  IfTag,
  LiquidError,
  Output,
  RenderError,
  TypeGuards,
  UnlessTag,
  Value,
  evalToken,
  isTruthy,
  toValue,
  toValueSync,
  type Context,
  type Emitter,
  type Expression,
  type Filter,
  type Liquid,
  type Template,
  type Token,
} from 'liquidjs';
import { memberOf, specialNames } from './template-scope';

/** Evaluates a part of a template. */
type Evaluate = (context: Context) => unknown;

/** Renders a part of a template. */
type Render = (context: Context, emitter: Emitter) => void;

/** A `for` that stands around what is compiled, and its variables while it is rendered. */
interface Loop {
  readonly names: readonly string[];
  scope: Record<string, unknown>;
}

/**
 * Compiles what liquidjs has parsed to functions that call each other. liquidjs walks through its syntax tree with
 * generators, so that a template may wait for something, which takes ten times as long as to do what it says.
 *
 * Here is what templates mostly consist of: outputs, filters, operators, `if`, `unless`, `case`, `for` and `assign`.
 * All else is handed to liquidjs, piece by piece, in the same context.
 *
 * @param templates what the engine's `parse` gives
 * @returns what the engine's `renderSync` gives for a context, and throws the same errors
 */
export function compileTemplates(engine: Liquid, templates: readonly Template[]): Evaluate {
  const render = new Compiler(engine).list(templates);
  return (context) => {
    const emitter = new TypedEmitter();
    render(context, emitter);
    return emitter.value;
  };
}

class Compiler {
  /** Variables that the template assigns; undefined where it has a tag that may assign any. */
  private assigned: Set<string> | undefined = new Set();
  /** The innermost last. */
  private readonly loops: Loop[] = [];

  constructor(private readonly engine: Liquid) {}

  list(templates: readonly Template[]): Render {
    const steps = templates.map((template) => ({ template, render: this.template(template) }));
    return (context, emitter) => {
      for (const { template, render } of steps) {
        // The clock that liquidjs's limit is set by.
        // eslint-disable-next-line no-restricted-globals
        context.renderLimit.check(performance.now());
        try {
          render(context, emitter);
        } catch (error) {
          throw error instanceof Error && !LiquidError.is(error) ? new RenderError(error, template) : error;
        }
        if (context.breakCalled || context.continueCalled) break;
      }
    };
  }

  private template(template: Template): Render {
    if (TypeGuards.isHTMLToken(template.token)) {
      const text = template.token.getContent();
      return (_, emitter) => {
        emitter.write(text);
      };
    }
    if (template instanceof Output) {
      const evaluate = this.value(template.value);
      return (context, emitter) => {
        emitter.write(evaluate(context));
      };
    }
    if (template instanceof IfTag || template instanceof UnlessTag) return this.condition(template);
    if (template instanceof CaseTag) return this.cases(template);
    if (template instanceof ForTag && isPlainLoop(template)) return this.loop(template);
    if (template instanceof AssignTag) return this.assignment(template);
    this.assigned = undefined;
    return renderByLiquidjs(template);
  }

  private condition(tag: IfTag | UnlessTag): Render {
    const branches = tag.branches.map((branch) => ({
      evaluate: this.value(branch.value),
      test: 'test' in branch ? branch.test : isTruthy,
      render: this.list(branch.templates),
    }));
    const otherwise = this.list(tag.elseTemplates ?? []);
    return (context, emitter) => {
      const taken = branches.find(({ evaluate, test }) => test(toValue(evaluate(context)), context));
      (taken?.render ?? otherwise)(context, emitter);
    };
  }

  private cases(tag: CaseTag): Render {
    const evaluate = this.value(tag.value);
    const branches = tag.branches.map(({ values, templates }) => ({
      values: values.map((token) => this.token(token)),
      render: this.list(templates),
    }));
    const otherwise = this.list(tag.elseTemplates);
    return (context, emitter) => {
      const target: unknown = toValue(evaluate(context));
      let isTaken = false;
      // Every branch that holds the value is rendered: liquidjs does not stop at the first.
      for (const { values, render } of branches) {
        if (!values.some((value) => operate('==', target, value(context), context) === true)) continue;
        isTaken = true;
        render(context, emitter);
      }
      if (!isTaken) otherwise(context, emitter);
    };
  }

  private loop(tag: ForTag): Render {
    const { variable, collection } = tag;
    const evaluate = this.token(collection);
    const otherwise = this.list(tag.elseTemplates);
    const loop: Loop = { names: [variable, 'forloop'], scope: {} };
    this.loops.push(loop);
    const render = this.list(tag.templates);
    this.loops.pop();
    const renderOthers = renderByLiquidjs(tag);
    const name = `${variable}-${collection.getText()}`;
    return (context, emitter) => {
      const list: unknown = toValue(evaluate(context)) ?? [];
      if (!Array.isArray(list)) {
        renderOthers(context, emitter);
        return;
      }
      if (list.length === 0) {
        otherwise(context, emitter);
        return;
      }
      context.setRegister(`continue-${name}`, list.length);
      const forloop = new Forloop(list.length, name);
      loop.scope = { __proto__: null, forloop };
      context.push(loop.scope);
      for (const item of list) {
        loop.scope[variable] = item;
        context.continueCalled = context.breakCalled = false;
        render(context, emitter);
        if (isBroken(context)) break;
        forloop.next();
      }
      context.continueCalled = context.breakCalled = false;
      context.pop();
      loop.scope = {};
    };
  }

  private assignment(tag: AssignTag): Render {
    const [identifier] = tag.localScope();
    const [value] = tag.arguments();
    if (identifier === undefined || !(value instanceof Value)) return renderByLiquidjs(tag);
    const name = identifier.content;
    const evaluate = this.value(value);
    this.assigned?.add(name);
    return (context) => {
      Reflect.set(context.bottom(), name, evaluate(context));
    };
  }

  private value({ initial, filters }: Value): Evaluate {
    return filters.reduce((input, filter) => this.filter(input, filter), this.expression(initial));
  }

  private filter(input: Evaluate, filter: Filter): Evaluate {
    const options = this.engine.filters[filter.name] ?? this.engine.options.outputEscape;
    const handler = typeof options === 'object' ? options.handler : options;
    if (handler === undefined || filter.args.some(Array.isArray)) {
      return (context): unknown => toValueSync(filter.render(input(context), context));
    }
    const args = filter.args.flatMap((arg) => (Array.isArray(arg) ? [] : [this.token(arg)]));
    const { engine: liquid } = this;
    return (context) => {
      const value = input(context);
      const result: unknown = Reflect.apply(handler, { context, liquid }, [
        value,
        ...args.map((arg) => arg(context)),
      ]);
      return isGenerator(result) ? toValueSync(result) : result;
    };
  }

  /** An expression is in postfix notation. */
  private expression({ postfix }: Expression): Evaluate {
    const operands: Evaluate[] = [];
    for (const token of postfix) {
      if (!TypeGuards.isOperatorToken(token)) {
        operands.push(this.token(token));
        continue;
      }
      const { operator } = token;
      const right = operands.pop() ?? nothing;
      const left = operator === 'not' ? undefined : (operands.pop() ?? nothing);
      operands.push(
        left === undefined
          ? (context) => operateByLiquidjs(operator, context, right(context))
          : (context) => operate(operator, left(context), right(context), context),
      );
    }
    return operands[0] ?? nothing;
  }

  private token(token: Token): Evaluate {
    if ('content' in token) {
      const { content } = token;
      return () => content;
    }
    if (!TypeGuards.isPropertyAccessToken(token) || token.variable !== undefined)
      return evaluateByLiquidjs(token);
    const [name, ...path] = token.props.map((key) => ('content' in key ? key.content : undefined));
    if (typeof name !== 'string' || specialNames.has(name) || !path.every(isKey))
      return evaluateByLiquidjs(token);
    const variable = this.variable(name);
    return (context) => {
      let value = variable(context);
      for (const key of path) value = read(value, key, context);
      return value;
    };
  }

  private variable(name: string): Evaluate {
    const loop = this.loops.findLast(({ names }) => names.includes(name));
    if (loop !== undefined) return () => loop.scope[name];
    return (context) => {
      if (this.assigned === undefined) return context.getSync([name]);
      const bottom = context.bottom();
      const scope: object = this.assigned.has(name) && name in bottom ? bottom : context.environments;
      const value: unknown = Object.hasOwn(scope, name) ? Reflect.get(scope, name) : undefined;
      return value;
    };
  }
}

/** What a template has made: a value of its own type while there is but one, then text. */
class TypedEmitter implements Emitter {
  value: unknown = '';
  /** For liquidjs's own tags, which do not read it. */
  readonly buffer = '';

  write(written: unknown): void {
    const value: unknown = toValue(written);
    if (typeof value !== 'string' && this.value === '') this.value = value;
    else this.value = toText(this.value) + toText(value);
  }
}

/** What `forloop` is within a `for`. */
class Forloop extends Drop {
  // Written as JSON in this order.
  private i = 0;
  readonly length: number;
  readonly name: string;

  constructor(length: number, name: string) {
    super();
    this.length = length;
    this.name = name;
  }

  next(): void {
    this.i += 1;
  }
  index0(): number {
    return this.i;
  }
  index(): number {
    return this.i + 1;
  }
  first(): boolean {
    return this.i === 0;
  }
  last(): boolean {
    return this.i === this.length - 1;
  }
  rindex(): number {
    return this.length - this.i;
  }
  rindex0(): number {
    return this.length - this.i - 1;
  }
  override valueOf(): string {
    return JSON.stringify(this);
  }
}

function toText(written: unknown): string {
  const value: unknown = toValue(written);
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return Array.isArray(value) ? value.map(toText).join('') : stringOf(value);
}

/** Of an object from the event an error. */
const stringOf: (value: unknown) => string = String;

function read(value: unknown, key: string | number, context: Context): unknown {
  if (value === undefined || value === null) return value;
  if (typeof key === 'string' && !specialNames.has(key)) {
    const member = memberOf(value, key);
    if (member !== undefined || !(value instanceof Drop)) return member;
  }
  const member: unknown = context.readProperty(value, key);
  return member;
}

/** What operators mostly get is compared here, and all else by liquidjs. */
function operate(operator: string, left: unknown, right: unknown, context: Context): unknown {
  if (typeof left === 'number' && typeof right === 'number') {
    if (operator === '<') return left < right;
    if (operator === '>') return left > right;
    if (operator === '<=') return left <= right;
    if (operator === '>=') return left >= right;
  }
  if (isScalar(left) && isScalar(right)) {
    if (operator === '==') return left === right;
    if (operator === '!=') return left !== right;
    if (operator === 'and') return isTruthy(left, context) && isTruthy(right, context);
    if (operator === 'or') return isTruthy(left, context) || isTruthy(right, context);
  }
  return operateByLiquidjs(operator, context, left, right);
}

function operateByLiquidjs(operator: string, context: Context, ...operands: readonly unknown[]): unknown {
  const operation = context.opts.operators[operator];
  return operation && toValueSync(Reflect.apply(operation, undefined, [...operands, context]));
}

const renderByLiquidjs =
  (template: Template): Render =>
  (context, emitter) => {
    const text: unknown = toValueSync(template.render(context, emitter));
    if (text) emitter.write(text);
  };

const evaluateByLiquidjs =
  (token: Token): Evaluate =>
  (context): unknown =>
    toValueSync(evalToken(token, context));

const isScalar = (value: unknown): value is string | number | boolean | null | undefined =>
  typeof value !== 'object' || value === null;

const isKey = (key: unknown): key is string | number => typeof key === 'string' || typeof key === 'number';

const isGenerator = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Symbol.iterator in value;

/** Without `limit` and the like, and without a variable that takes the place of liquidjs's own. */
const isPlainLoop = ({ hash, variable }: ForTag): boolean =>
  Object.keys(hash.hash).length === 0 && variable !== 'forloop';

const isBroken = ({ breakCalled }: Context): boolean => breakCalled;

const nothing = (): undefined => undefined;
