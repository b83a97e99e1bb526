// One half of the bridge between the page's world and the preload's isolated world; both halves run this, each in its
// world, and talk through DOM events whose names only they know. Functions and promises cross as references, as they do
// through Electron's contextBridge. An expression: a function of (name of events out, name of events in).
(function membrane(out, inward) {
  const functions = new Map();
  const promises = new Map();
  const { document: doc, CustomEvent: Event } = globalThis;
  const dispatch = doc.dispatchEvent.bind(doc);
  let lastId = 0;
  let answer;

  const post = (message) => dispatch(new Event(out, { detail: message }));
  const takeAnswer = () => {
    const taken = answer;
    answer = undefined;
    return taken;
  };

  function encode(value, depth = 0) {
    if (depth > 1000) throw new Error('Recursion limit reached');
    if (typeof value === 'symbol') throw new Error('An object could not be cloned.');
    if (typeof value === 'function') {
      functions.set(++lastId, value);
      return { kind: 'function', v: lastId };
    }
    if (value instanceof Promise) {
      const id = ++lastId;
      value.then(
        (result) => post({ type: 'resolved', id, v: encode(result) }),
        (error) => post({ type: 'rejected', id, v: encode(error) }),
      );
      return { kind: 'promise', v: id };
    }
    if (value instanceof Error) return { kind: 'error', v: value.message };
    if (Array.isArray(value)) return { kind: 'array', v: value.map((item) => encode(item, depth + 1)) };
    if (value && typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))) {
      const plain = {};
      for (const key of Object.keys(value)) plain[key] = encode(value[key], depth + 1);
      return { kind: 'object', v: plain };
    }
    return { kind: 'value', v: value };
  }
  function decode(message) {
    switch (message.kind) {
      case 'function':
        return (...args) => {
          post({ type: 'call', id: message.v, args: args.map((arg) => encode(arg)) });
          const result = takeAnswer();
          if (result.error) throw decode(result.error);
          return decode(result.v);
        };
      case 'promise': {
        const waiting = Promise.withResolvers();
        promises.set(message.v, waiting);
        return waiting.promise;
      }
      case 'error':
        return new Error(message.v);
      case 'array':
        return message.v.map(decode);
      case 'object': {
        const plain = {};
        for (const key of Object.keys(message.v)) plain[key] = decode(message.v[key]);
        return plain;
      }
    }
    return message.v;
  }
  function deepFreeze(value) {
    if (value && typeof value === 'object') {
      Object.values(value).forEach(deepFreeze);
      Object.freeze(value);
    }
    return value;
  }
  function call({ id, args }) {
    try {
      post({ type: 'answer', v: encode(functions.get(id)(...args.map(decode))) });
    } catch (error) {
      post({ type: 'answer', error: encode(error instanceof Error ? error : new Error(String(error))) });
    }
  }
  function settle({ type, id, v }) {
    const waiting = promises.get(id);
    promises.delete(id);
    if (type === 'resolved') waiting?.resolve(decode(v));
    else waiting?.reject(decode(v));
  }
  function expose({ key, v }) {
    if (key in globalThis) {
      const error = new Error('Cannot bind an API on top of an existing property on the window object');
      post({ type: 'answer', error: encode(error) });
      return;
    }
    Object.defineProperty(globalThis, key, { value: deepFreeze(decode(v)), enumerable: true });
    post({ type: 'answer', v: encode(undefined) });
  }
  doc.addEventListener(
    inward,
    (event) => {
      const message = event.detail;
      event.stopImmediatePropagation();
      if (message.type === 'call') call(message);
      else if (message.type === 'answer') answer = message;
      else if (message.type === 'expose') expose(message);
      else settle(message);
    },
    true,
  );
  return {
    expose(key, api) {
      post({ type: 'expose', key, v: encode(api) });
      const result = takeAnswer();
      if (result?.error) throw decode(result.error);
    },
  };
});
