'use strict';

// How members come onto the public prototypes. Programs list, redefine and assign the members of `net.Socket.prototype`
// and `net.Server.prototype`, so these are own properties there, as enumerable and configurable as Node's.

/**
 * The property descriptors of what the prototypes of `parts` have: a name that `model` has, too, is as enumerable and
 * as configurable as there.
 */
function membersLike(parts, model) {
  // Without a prototype: a program may have frozen `Object.prototype`, so that `constructor` could not be assigned.
  const all = parts.map((part) => Object.getOwnPropertyDescriptors(part.prototype));
  const members = Object.assign({ __proto__: null }, ...all);
  delete members.constructor;
  for (const name of Object.keys(members)) {
    const like = Object.getOwnPropertyDescriptor(model, name);
    if (like) Object.assign(members[name], { enumerable: like.enumerable, configurable: like.configurable });
  }
  return members;
}

/** `members`, whose accessors can be assigned: the value takes the place of the accessor, on that object. */
function assignable(members) {
  const all = { __proto__: null };
  for (const name of Reflect.ownKeys(members)) {
    const member = members[name];
    all[name] = member.get ? { ...member, set: replace(name) } : member;
  }
  return all;
}

function replace(name) {
  return function assign(value) {
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  };
}

/**
 * Makes `instanceof Class` true of instances of `Other` as well, and with `hides(object)`, not of our own; not so for
 * classes that extend `Class`.
 */
function countInstances(Class, Other, hides = () => false) {
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(object) {
      const isOne = isInstance(this, object);
      if (this !== Class) return isOne;
      return isOne ? !hides(object) : object instanceof Other;
    },
  });
}

/** What `instanceof` says of a class that has not changed its meaning. */
function isInstance(Class, object) {
  return Function.prototype[Symbol.hasInstance].call(Class, object);
}

module.exports = { assignable, countInstances, isInstance, membersLike };
