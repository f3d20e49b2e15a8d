// node openai-client.mjs BASE_URL KEY
// Uses a node as any program that knows OpenAI's API does: with the official client, unchanged. Exit status 0, or 1 and what does not hold.
import assert from 'node:assert/strict';
import OpenAI, { BadRequestError, NotFoundError } from 'openai';

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: process.argv[3], maxRetries: 0 });
const model = 'tiny';
const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hello!' }];
const schema = {
  type: 'object',
  properties: { colour: { type: 'string', enum: ['red', 'green'] } },
  required: ['colour'],
  additionalProperties: false,
};
const tools = [{ type: 'function', function: { name: 'paint', description: 'Paints', parameters: schema } }];

// Models.
const listed = [];
for await (const entry of client.models.list()) {
  listed.push(entry.id);
}
assert.ok(listed.includes(model), `the list of models has ${listed}`);
assert.equal((await client.models.retrieve(model)).id, model);
await assert.rejects(client.models.retrieve('owner/name'), NotFoundError);

// A chat, whole and streamed: with the same seed the same.
const options = { model, messages, max_tokens: 12, seed: 5 };
const whole = await client.chat.completions.create(options);
assert.equal(whole.choices[0].message.role, 'assistant');
assert.equal(whole.usage.completion_tokens, whole.offlm.completionTokens);
assert.match(whole.offlm.receipt, /^0x[0-9a-f]{64}$/);

let text = '';
let last;
for await (const chunk of await client.chat.completions.create({ ...options, stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta.content ?? '';
  last = chunk;
}
assert.equal(text, whole.choices[0].message.content);
assert.equal(last.usage.completion_tokens, whole.usage.completion_tokens);

// The client's own accumulator finds a complete message in the stream.
const helper = client.chat.completions.stream(options);
assert.equal((await helper.finalChatCompletion()).choices[0].message.content, text);

// Receipts are named in a header too.
const { response } = await client.chat.completions.create(options).withResponse();
assert.match(response.headers.get('Offlm-Receipt'), /^0x[0-9a-f]{64}$/);

// Structured output.
const structured = await client.chat.completions.create({
  model, messages, max_tokens: 100, response_format: { type: 'json_schema', json_schema: { name: 'pick', strict: true, schema } },
});
assert.ok(['red', 'green'].includes(JSON.parse(structured.choices[0].message.content).colour));

// Tools, offered and insisted on, whole and streamed.
await client.chat.completions.create({ ...options, tools });
const forced = { model, messages, max_tokens: 100, tools, tool_choice: 'required' };
const called = await client.chat.completions.create(forced);
assert.equal(called.choices[0].finish_reason, 'tool_calls');
assert.ok(JSON.parse(called.choices[0].message.tool_calls[0].function.arguments).colour);
const streamed = await client.chat.completions.stream(forced).finalChatCompletion();
assert.equal(streamed.choices[0].message.tool_calls[0].function.name, 'paint');
await client.chat.completions.create({
  ...options,
  tools,
  messages: [...messages, called.choices[0].message, { role: 'tool', tool_call_id: called.choices[0].message.tool_calls[0].id, content: 'done' }],
});

// Plain completions.
const completion = await client.completions.create({ model, prompt: 'Once upon', max_tokens: 8 });
assert.equal(typeof completion.choices[0].text, 'string');

// Errors have their classes and say what is wrong.
await assert.rejects(client.chat.completions.create({ ...options, model: 'gpt-4o' }), e => e instanceof NotFoundError && e.code === 'model_not_found');
await assert.rejects(client.chat.completions.create({ ...options, temperature: 3 }), e => e instanceof BadRequestError && e.param === 'temperature');
await assert.rejects(client.embeddings.create({ model, input: 'x' }), e => e instanceof BadRequestError && e.param === 'model');

// Embeddings: the client asks for base64 and decodes it itself, unless told otherwise.
const encoder = 'tiny-encoder';
const embedded = await client.embeddings.create({ model: encoder, input: ['light', 'the garden in winter'] });
const plain = await client.embeddings.create({ model: encoder, input: 'light', encoding_format: 'float' });
assert.equal(embedded.data.length, 2);
assert.equal(embedded.data[0].embedding.length, 64);
assert.ok(embedded.data[0].embedding.every((value, i) => Math.abs(value - plain.data[0].embedding[i]) < 1e-4));
assert.equal(embedded.usage.total_tokens, embedded.offlm.promptTokens);
assert.equal((await client.embeddings.create({ model: encoder, input: [300, 301], dimensions: 8 })).data[0].embedding.length, 8);

// A stream can be left in the middle, and the node goes on serving.
const endless = await client.chat.completions.create({ model, messages, max_tokens: 3000, stream: true, logit_bias: { 1017: -100, 1019: -100 } });
for await (const chunk of endless) {
  if (chunk.choices[0]?.delta.content) {
    break;
  }
}
assert.ok((await client.chat.completions.create(options)).id);
console.log('openai: all holds');
