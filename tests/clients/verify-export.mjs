// node verify-export.mjs FILE
// Checks an export of receipts as a stranger would: with ethers and OpenZeppelin's merkle-tree, and nothing of this project's.
// Exit status 0 and a summary, or 1 and what does not hold.
import { readFileSync } from 'node:fs';
import { SimpleMerkleTree } from '@openzeppelin/merkle-tree';
import { TypedDataEncoder, ZeroHash, getAddress, keccak256, toUtf8Bytes, verifyTypedData } from 'ethers';

const fields = text => text.split(',').map(field => {
  const [type, name] = field.split(' ');
  return { type, name };
});
const RECEIPT = { Receipt: fields('uint64 sequence,bytes32 request,address origin,address payer,address builder,bytes32 grant,bytes32 model,bytes32 adapter,bytes32 tariff,uint32 promptTokens,uint32 cachedTokens,uint32 completionTokens,uint8 outcome,bytes32 promptCommitment,bytes32 completionCommitment,bytes32 execution,uint64 startedAt,uint8 clock,uint32 durationMs,uint64 energyMicrojoules,uint8 energySource,uint128 fee,bytes32 extension') };
const BATCH = { ReceiptBatch: fields('address node,uint64 batch,bytes32 previous,uint64 firstSequence,uint32 count,bytes32 root,uint128 fees,uint64 closedAt,uint8 clock,uint32 boot,uint8 keyClass,uint32 keyCounter') };
const TARIFF = { Tariff: fields('bytes32 parent,bytes32 currency,uint128 input,uint128 cachedInput,uint128 output,uint128 flat,uint16 percent,uint16 provider,uint16 model,uint16 stakers,uint16 contributors,bytes32 schedule,uint16 networkFee,uint16 builderFee,uint64 version,uint64 validFrom') };
const hash = (types, value) => TypedDataEncoder.hashStruct(Object.keys(types)[0], types, value);

function demand(condition, message) {
  if (!condition) {
    throw new Error(message);
  }
}

function halfToEven(numerator, denominator) {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  return twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

// A receipt of embeddings has no completion tokens; its extension is the hash of an EIP-712 struct without fields.
const EMBEDDINGS = keccak256(keccak256(toUtf8Bytes('Embeddings()')));

function feeOf(tariff, receipt) {
  const delivered = receipt.completionTokens !== '0' || (receipt.outcome === '1' && receipt.extension === EMBEDDINGS);
  if (!delivered || receipt.outcome === '7') {
    return 0n;
  }

  const [prompt, cached, completion] = [receipt.promptTokens, receipt.cachedTokens, receipt.completionTokens].map(BigInt);
  const base = halfToEven((prompt - cached) * BigInt(tariff.input) + cached * BigInt(tariff.cachedInput) + completion * BigInt(tariff.output), 1000n);
  return base + BigInt(tariff.flat) + halfToEven(base * BigInt(tariff.percent), 10000n);
}

function verifyReceipt(receipt, sequence, tariffs) {
  demand(BigInt(receipt.sequence) === sequence, `receipt ${receipt.sequence} stands in the place of ${sequence}`);
  demand(BigInt(receipt.cachedTokens) <= BigInt(receipt.promptTokens), `receipt ${sequence} has more cached tokens than prompt tokens`);
  const tariff = tariffs.get(receipt.tariff);
  demand(tariff, `receipt ${sequence} names a tariff that is not in the file`);
  demand(BigInt(receipt.fee) === feeOf(tariff, receipt), `receipt ${sequence} has the fee ${receipt.fee}, by its tariff it is ${feeOf(tariff, receipt)}`);
}

function verifyBatch({ batch, signature, receipts }, domain, tariffs) {
  const number = batch.batch;
  demand(BigInt(batch.count) === BigInt(receipts.length), `batch ${number} has ${receipts.length} entries, it says ${batch.count}`);
  const leaves = receipts.map(entry => entry.leaf ?? hash(RECEIPT, entry));
  const tree = SimpleMerkleTree.of(leaves, { sortLeaves: false });
  demand(tree.root === batch.root, `batch ${number} has the root ${batch.root}, its receipts give ${tree.root}`);
  demand(SimpleMerkleTree.verify(batch.root, leaves.at(-1), tree.getProof(leaves.length - 1)), `batch ${number}: a proof does not hold`);
  const signer = verifyTypedData(domain, BATCH, batch, signature);
  demand(signer === getAddress(batch.node), `batch ${number} names the node ${batch.node}, it was signed by ${signer}`);

  const disclosed = receipts.map((entry, index) => [entry, BigInt(batch.firstSequence) + BigInt(index)]).filter(([entry]) => !entry.leaf);
  disclosed.forEach(([entry, sequence]) => verifyReceipt(entry, sequence, tariffs));
  const sum = disclosed.reduce((total, [entry]) => total + BigInt(entry.fee), 0n);
  demand(disclosed.length < receipts.length ? sum <= BigInt(batch.fees) : sum === BigInt(batch.fees), `batch ${number} has the fees ${batch.fees}, its receipts' add up to ${sum}`);
  return disclosed.length;
}

function verify(file) {
  const { domain, tariffs: list, batches } = JSON.parse(readFileSync(file, 'utf8'));
  const tariffs = new Map(list.map(tariff => [hash(TARIFF, tariff), tariff]));
  let before = null;
  let disclosed = 0;
  for (const entry of batches) {
    const { batch } = entry;
    const previous = before ? hash(BATCH, before) : batch.batch === '1' ? ZeroHash : batch.previous;
    demand(batch.previous === previous, `batch ${batch.batch} does not follow the one before it`);
    if (before) {
      demand(BigInt(batch.batch) === BigInt(before.batch) + 1n, `batch ${batch.batch} stands after batch ${before.batch}`);
      demand(BigInt(batch.firstSequence) === BigInt(before.firstSequence) + BigInt(before.count), `receipts are missing before batch ${batch.batch}`);
    }

    disclosed += verifyBatch(entry, domain, tariffs);
    before = batch;
  }

  console.log(`${batches.length} batches, ${disclosed} receipts disclosed: all holds.`);
}

try {
  verify(process.argv[2]);
} catch (error) {
  console.error(`Does not hold: ${error.message}`);
  process.exit(1);
}
