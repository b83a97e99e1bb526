/** A byte stream as text. Not `new Response(stream).text()`: that loads fetch, which costs the CLI 20 ms in Node. */

/** @param maxBytes what comes after is dropped and the stream cancelled; everything is read unless told */
export async function readText(
  stream: ReadableStream<Uint8Array>,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let taken = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    taken += value.length;
    if (taken > maxBytes) {
      await reader.cancel();
      return text;
    }
  }
}
