'use strict';

// Reads the two sides of the reference: the pages of docs/api, which are in the form of Node's own, and index.d.ts.

const fs = require('fs');
const path = require('path');
const { parse } = require('@babel/parser');
const { ROOT, page } = require('./sources');

const FOLDER = path.join('docs', 'api');

/** The pages of the entry `rust-net`, and what its members belong to there. */
const PAGES = ['net.md', 'tls-in-place.md'];
const OWNERS = { server: 'Server', stream: 'Stream', boundSocket: 'BoundSocket', credentials: 'Credentials', service: 'Service' };

/** All pages of the reference. */
function allPages() {
  return fs.readdirSync(path.join(ROOT, FOLDER)).filter((name) => name.endsWith('.md'));
}

// The pages.

const HEADING = /^(#+) (.*)$/;
const SIGNATURE = /^`(new )?(\w+)(?:\.(\w+)|(\[Symbol\.\w+\]))?(\(.*\))?`$/;

/**
 * The sections of `text`: `{ level, title, above, lines }`, without what is in blocks of code. `above` is the title of
 * the innermost section of level 2 around it.
 */
function sectionsOf(text) {
  const sections = [];
  let isCode = false;
  let above = null;
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    const [, marks, title] = (!isCode && HEADING.exec(line)) || [];
    if (marks) {
      if (marks.length <= 2) above = title;
      sections.push({ level: marks.length, title, above, lines: [] });
    } else if (!isCode) {
      sections.at(-1)?.lines.push(line);
    }
  }
  return sections;
}

/** The items of the lists of a section: `{ depth, name, text, byDefault }`. A continued item is one line here. */
function itemsOf({ lines }) {
  const items = [];
  let open = null;
  for (const line of lines) {
    const [, indent, text] = /^( *)\* (.*)$/.exec(line) ?? [];
    if (text !== undefined) items.push((open = { depth: indent.length / 2, text }));
    else if (/^ +\S/.test(line) && open) open.text += ` ${line.trim()}`;
    else open = null;
  }
  return items.map(({ depth, text }) => {
    const [, name] = /^`(\w+)`(?: |$)/.exec(text) ?? [];
    const [, byDefault] = /\*\*Default:\*\* (.*)\.$/.exec(text) ?? [];
    return { depth, name, text, byDefault };
  });
}

/** The names of the parameters in `(a[, b])`; null without parentheses. */
function parametersIn(list) {
  return list === undefined ? null : (list.match(/\w+/g) ?? []);
}

/** What the section of a member is about: `{ kind, owner, name, parameters }`; null for other sections. */
function subjectOf({ title, above }) {
  const [, className] = /^Class: `(?:net\.)?(\w+)`$/.exec(title) ?? [];
  if (className) return { kind: 'class', owner: 'net', name: className };
  const [, event] = /^Event: `'(\w+)'`$/.exec(title) ?? [];
  if (event) {
    const [, owner = 'Stream'] = /^Class: `(?:net\.)?(\w+)`$/.exec(above) ?? [];
    return { kind: 'event', owner, name: event };
  }
  const [matched, isNew, owner, name, symbol, list] = SIGNATURE.exec(title) ?? [];
  if (!matched) return null;
  const parameters = parametersIn(list);
  if (isNew) return { kind: 'constructor', owner: 'net', name, parameters };
  // Of a class itself: `Stream.attach(moved)`.
  const isStatic = /^[A-Z]/.test(owner);
  return { kind: 'member', owner: isStatic ? `${owner}Constructor` : (OWNERS[owner] ?? owner), name: name ?? symbol, parameters };
}

/** The sections of the entry's members: `{ subject, items, title, text }`. */
function documented() {
  const sections = PAGES.flatMap((name) => sectionsOf(page(path.join(FOLDER, name))));
  return sections.flatMap((section) => {
    const subject = subjectOf(section);
    return subject === null ? [] : [{ subject, title: section.title, items: itemsOf(section), text: section.lines.join('\n') }];
  });
}

// The types.

const tree = parse(page('index.d.ts'), { sourceType: 'module', plugins: [['typescript', { dts: true }]] });

/** The text of the JSDoc comment before `node`, without its asterisks. */
function commentOf(node) {
  const comment = node.leadingComments?.findLast(({ type, value }) => type === 'CommentBlock' && value.startsWith('*'));
  return comment ? comment.value.replaceAll(/\n\s*\* ?/g, '\n') : '';
}

/** The tags of a comment: `[[tag, text], ...]`. */
function tagsOf(comment) {
  return [...comment.matchAll(/^\s*@(\w+) ([^]*?)(?=^\s*@|$(?![^]))/gm)].map(([, tag, text]) => [tag, text.replaceAll(/\s+/g, ' ').trim()]);
}

/**
 * A member: `{ parameters, byDefault, defaults, types, parameterTypes, returns, codes }`. Overloads without a comment
 * of their own share the one before.
 */
function noted(members, name, node, list) {
  const comment = commentOf(node);
  const tags = tagsOf(comment);
  const member = members.get(name) ?? newMember();
  members.set(name, member);
  member.codes.push(...(comment.match(/\bE(?:RR_\w+|[A-Z]{4,})\b/g) ?? []));
  member.byDefault ??= tags.find(([tag]) => tag === 'default')?.[1];
  if (list) (member.parameters ??= []).push(list.map((parameter) => parameter.name));
  if (list) member.returns.push(node.declaration?.returnType ?? node.typeAnnotation);
  else member.types.push(node.typeAnnotation);
  for (const { name: parameter, typeAnnotation } of list ?? []) {
    (member.parameterTypes[parameter] ??= []).push(typeAnnotation);
  }
  for (const [tag, text] of tags) {
    const [, parameter, byDefault] = /^(\w+) (?:.*\b)?default:? (.*)$/.exec(tag === 'param' ? text : '') ?? [];
    if (parameter) member.defaults[parameter] = byDefault;
  }
}

function newMember() {
  const lists = { types: [], returns: [], codes: [] };
  return { parameters: null, byDefault: undefined, defaults: {}, parameterTypes: {}, ...lists };
}

function nameOf({ key, computed }) {
  return computed && key.type === 'MemberExpression' ? `[Symbol.${key.property.name}]` : (key.name ?? key.value);
}

/** `{ functions, constants, interfaces }`, each a Map by name; an interface is `{ members, bases }`. */
function declared() {
  const functions = new Map();
  const constants = new Map();
  const interfaces = new Map();
  for (const statement of tree.program.body) {
    const node = statement.declaration ?? statement;
    if (node.type === 'TSDeclareFunction') {
      noted(functions, node.id.name, statement, node.params);
    } else if (node.type === 'VariableDeclaration') {
      noted(constants, node.declarations[0].id.name, statement, null);
    } else if (node.type === 'TSInterfaceDeclaration') {
      const members = new Map();
      for (const member of node.body.body) {
        const isMethod = member.type === 'TSMethodSignature' && member.kind === 'method';
        if (member.key) noted(members, nameOf(member), member, isMethod ? member.parameters : null);
        else noted(members, member.type === 'TSConstructSignatureDeclaration' ? 'new' : 'call', member, member.parameters);
      }
      interfaces.set(node.id.name, { members, bases: (node.extends ?? []).map(({ expression }) => expression.name) });
    }
  }
  return { functions, constants, interfaces };
}

/** The types that have a name in JavaScript, as the pages call them, by the nodes of TypeScript's. */
const PRIMITIVES = {
  TSStringKeyword: 'string',
  TSNumberKeyword: 'number',
  TSBooleanKeyword: 'boolean',
  TSNullKeyword: 'null',
  TSFunctionType: 'Function',
  StringLiteral: 'string',
  TemplateLiteral: 'string',
  NumericLiteral: 'number',
  BooleanLiteral: 'boolean',
};

const aliases = new Map(tree.program.body.flatMap(({ declaration }) =>
  (declaration?.type === 'TSTypeAliasDeclaration' ? [[declaration.id.name, declaration.typeAnnotation]] : [])));

/** Names of text: encodings, and what is computed of them. */
const TEXTS = ['BufferEncoding', 'Uppercase'];

/** The primitive types among those that `node` stands for, as the pages call them. */
function primitivesIn(node) {
  if (!node) return [];
  if (node.type === 'TSTypeAnnotation' || node.type === 'TSParenthesizedType') return primitivesIn(node.typeAnnotation);
  if (node.type === 'TSUnionType') return node.types.flatMap(primitivesIn);
  if (node.type === 'TSLiteralType') return [PRIMITIVES[node.literal.type]];
  if (node.type === 'TSTypeReference') {
    const { name } = node.typeName;
    if (name === 'LookupFunction') return ['Function'];
    return TEXTS.includes(name) ? ['string'] : primitivesIn(aliases.get(name));
  }
  return PRIMITIVES[node.type] ? [PRIMITIVES[node.type]] : [];
}

/** The primitive types with which an item of a page begins: `name` \\<string> | \\<number> ... */
function primitivesSaid(text) {
  const [, said] = /^(?:`\w+` |Returns: )?((?:\[?\\<[^>]+>(?:\]\([^)]*\))?(?: \| )?)*)/.exec(text);
  const names = [...said.matchAll(/\\<([\w.[\]]+)>/g)].map(([, name]) => name);
  return names.filter((name) => Object.values(PRIMITIVES).includes(name));
}

/** The words of a default, without marks of Markdown or JSDoc. */
function plain(text) {
  return text
    ?.replaceAll(/\{@link (?:\w+\.)?(\w+)\}/g, '$1')
    .replaceAll(/\[([^\]]*)\](?:\([^)]*\)|\[\])/g, '$1')
    .replaceAll('`', '')
    .replaceAll(/\bnet\.|\(\)/g, '');
}

module.exports = {
  FOLDER,
  allPages,
  declared,
  documented,
  itemsOf,
  plain,
  primitivesIn,
  primitivesSaid,
  sectionsOf,
};
