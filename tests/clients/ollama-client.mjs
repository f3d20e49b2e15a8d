// node ollama-client.mjs BASE_URL
// Uses a node as any program that knows Ollama's API does: with the official client, unchanged. Exit status 0, or 1 and what does not hold.
import assert from 'node:assert/strict';
import { Ollama } from 'ollama';

const client = new Ollama({ host: process.argv[2] });
const model = 'tiny';
const messages = [{ role: 'user', content: 'Hello!' }];
const options = { seed: 5, num_predict: 12 };
const schema = { type: 'object', properties: { colour: { enum: ['red', 'green'] } }, required: ['colour'], additionalProperties: false };
const tools = [{ type: 'function', function: { name: 'paint', description: 'Paints', parameters: schema } }];

// What there is.
assert.ok((await client.list()).models.some(entry => entry.name === 'tiny:latest'));
assert.ok((await client.show({ model })).capabilities.includes('tools'));
assert.match((await client.version()).version, /^\d+\.\d+\.\d+$/);

// A chat, whole and streamed: with the same seed the same.
const whole = await client.chat({ model, messages, options });
assert.equal(whole.message.role, 'assistant');
assert.equal(whole.eval_count, whole.offlm.completionTokens);
let text = '';
let last;
for await (const part of await client.chat({ model, messages, options, stream: true })) {
  text += part.message.content;
  last = part;
}
assert.equal(text, whole.message.content);
assert.ok(last.done && last.total_duration > 0 && last.eval_count === whole.eval_count);
assert.match(last.offlm.receipt, /^0x[0-9a-f]{64}$/);
assert.ok((await client.ps()).models.some(entry => entry.model === 'tiny:latest'));

// A prompt, whole and streamed.
const generated = await client.generate({ model, prompt: 'Hello!', system: 'Be brief.', options });
text = '';
for await (const part of await client.generate({ model, prompt: 'Hello!', system: 'Be brief.', options, stream: true })) {
  text += part.response;
}
assert.equal(text, generated.response);

// Structured output and tools.
const structured = await client.chat({ model, messages, format: schema, options: { num_predict: 100 } });
assert.ok(['red', 'green'].includes(JSON.parse(structured.message.content).colour));
await client.chat({
  model,
  tools,
  options,
  messages: [
    ...messages,
    { role: 'assistant', content: '', tool_calls: [{ function: { name: 'paint', arguments: { colour: 'red' } } }] },
    { role: 'tool', content: 'done', tool_name: 'paint' },
  ],
});

// Loading and unloading.
assert.equal((await client.generate({ model, prompt: '', keep_alive: '1h30m' })).done_reason, 'load');
assert.equal((await client.generate({ model, prompt: '', keep_alive: 0 })).done_reason, 'unload');

// Errors say what is wrong.
await assert.rejects(client.chat({ model: 'llama3', messages }), e => e.status_code === 404 && e.message.includes('llama3'));
await assert.rejects(client.chat({ model, messages, options: { temperature: 9 } }), e => e.status_code === 400 && e.message.includes('options.temperature'));
await assert.rejects(client.embed({ model, input: 'x' }), e => e.status_code === 400 && e.message.includes('tiny-encoder'));

// Embeddings, in the newer and the older form.
const encoder = 'tiny-encoder';
const embedded = await client.embed({ model: encoder, input: ['light', 'the garden in winter'] });
assert.equal(embedded.embeddings.length, 2);
assert.ok(embedded.prompt_eval_count > 0 && embedded.total_duration > 0);
const one = await client.embeddings({ model: encoder, prompt: 'light' });
assert.ok(one.embedding.every((value, i) => Math.abs(value - embedded.embeddings[0][i]) < 1e-4));
assert.equal((await client.embed({ model: encoder, input: 'light', dimensions: 8 })).embeddings[0].length, 8);
assert.ok((await client.show({ model: encoder })).capabilities.includes('embedding'));

// A stream can be left in the middle, and the node goes on serving.
const endless = await client.chat({ model, messages, stream: true, options: { num_predict: -1 } });
await assert.rejects(async () => {
  for await (const part of endless) {
    assert.ok(part.model);
    endless.abort();
  }
}, { name: 'AbortError' });
assert.ok((await client.chat({ model, messages, options })).done);
console.log('ollama: all holds');
