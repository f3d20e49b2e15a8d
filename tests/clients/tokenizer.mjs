// node tokenizer.mjs TOKENIZER_JSON TEXTS_JSON
// Prints the token ids of each of a list of texts, as Hugging Face's own library finds them: a JSON list of lists.
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';

const [tokenizer, texts] = process.argv.slice(2).map(path => JSON.parse(readFileSync(path, 'utf8')));
const reference = new Tokenizer(tokenizer, {});
console.log(JSON.stringify(texts.map(text => reference.encode(text, { add_special_tokens: false }).ids)));
