// Structured clone through JSON, for the pages' side and for Node's. An expression: a function that makes {pack, unpack}.
(function codec() {
  const tag = '$t';
  const notCloned = () => new Error('An object could not be cloned.');
  const toBase64 = (bytes) => {
    let text = '';
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  };
  const fromBase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

  function encode(value, parents) {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (value === undefined) return { [tag]: 'undefined' };
    if (typeof value === 'number') return Number.isFinite(value) ? value : { [tag]: 'number', v: String(value) };
    if (typeof value === 'bigint') return { [tag]: 'bigint', v: String(value) };
    if (typeof value === 'function' || typeof value === 'symbol') throw notCloned();
    if (parents.has(value)) throw notCloned();
    parents.add(value);
    try {
      return encodeObject(value, parents);
    } finally {
      parents.delete(value);
    }
  }
  function encodeObject(value, parents) {
    if (Array.isArray(value)) return value.map((item) => encode(item, parents));
    if (value instanceof Date) return { [tag]: 'date', v: value.getTime() };
    if (value instanceof Error) return { [tag]: 'error', v: value.message };
    if (value instanceof Map) return { [tag]: 'map', v: [...value].map((item) => encode(item, parents)) };
    if (value instanceof Set) return { [tag]: 'set', v: [...value].map((item) => encode(item, parents)) };
    if (value instanceof ArrayBuffer) return { [tag]: 'buffer', v: toBase64(new Uint8Array(value)) };
    if (ArrayBuffer.isView(value)) {
      return { [tag]: 'bytes', v: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
    }
    if (value instanceof Promise) throw notCloned();
    const plain = {};
    for (const key of Object.keys(value)) plain[key === tag ? '$$t' : key] = encode(value[key], parents);
    return plain;
  }
  function decode(value) {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(decode);
    switch (value[tag]) {
      case 'undefined':
        return undefined;
      case 'number':
        return Number(value.v);
      case 'bigint':
        return BigInt(value.v);
      case 'date':
        return new Date(value.v);
      case 'error':
        return new Error(value.v);
      case 'map':
        return new Map(value.v.map(decode));
      case 'set':
        return new Set(value.v.map(decode));
      case 'buffer':
        return fromBase64(value.v).buffer;
      case 'bytes':
        return fromBase64(value.v);
    }
    const plain = {};
    for (const key of Object.keys(value)) plain[key === '$$t' ? tag : key] = decode(value[key]);
    return plain;
  }
  return { pack: (value) => JSON.stringify(encode(value, new Set())), unpack: (text) => decode(JSON.parse(text)) };
});
