/** The text tower of a public export: texts become tokens in this thread, because a tokenizer of 256,000 words is slow. */
import type { Feed, Graph, GraphPort, Tower } from '../onnx-tower.ts';
import { checkInputs, outputOf, unitVectors } from './graph-output.ts';
import { openTokenizer, type TextRule } from './tokenizer.ts';

export interface TextTowerSetup {
  readonly kind: 'texts';
  /** Folder with tokenizer.json. */
  readonly directory: string;
  /** Tokens that the model reads, at most. */
  readonly contextLength: number;
  /** clip: a mask hides the padding. siglip: every text is padded to the full length, and the padding is read. */
  readonly family: 'clip' | 'siglip';
  readonly rule: TextRule;
  /** Names of the output, the first one that is there. */
  readonly outputs: readonly string[];
}

export async function openTextTower(setup: TextTowerSetup, graph: Graph): Promise<Tower> {
  const { directory, contextLength, family, rule } = setup;
  checkInputs(graph, ['input_ids', 'attention_mask']);
  const ids = graph.inputs.find(({ name }) => name === 'input_ids');
  if (!ids) throw new Error('the graph has no input input_ids');
  const mask = graph.inputs.find(({ name }) => name === 'attention_mask');
  const fixed = ids.shape[1];
  const fixedLength = typeof fixed === 'number' && fixed > 0 ? fixed : null;
  if (fixedLength !== null && fixedLength > contextLength)
    throw new Error(`the graph takes ${fixedLength} tokens, config.json says ${contextLength}`);
  const longest = fixedLength ?? contextLength;
  const tokenizer = await openTokenizer(directory, { contextLength: longest, rule });
  return {
    output: outputOf(graph, setup.outputs).name,
    first: { texts: ['a photo', 'a photo of a shirt'] },
    feeds(items) {
      if (!('texts' in items)) throw new Error('pictures were sent to the text tower');
      const rows = items.texts.map((text) => tokenizer.encode(text));
      const length =
        family === 'siglip' ? longest : (fixedLength ?? Math.max(...rows.map((row) => row.length)));
      const padded = rows.map((row) => [
        ...row,
        ...new Array<number>(length - row.length).fill(tokenizer.padId),
      ]);
      const dims = [rows.length, length];
      const feeds = [integers(ids, padded.flat(), dims)];
      if (mask) {
        const seen = rows.flatMap((row) =>
          Array.from({ length }, (_, place) => (family === 'siglip' || place < row.length ? 1 : 0)),
        );
        feeds.push(integers(mask, seen, dims));
      }
      return feeds;
    },
    vectors: unitVectors,
  };
}

function integers({ name, type }: GraphPort, values: readonly number[], dims: readonly number[]): Feed {
  if (type === 'int64') return { name, type, data: BigInt64Array.from(values, BigInt), dims };
  if (type === 'int32') return { name, type, data: Int32Array.from(values), dims };
  throw new Error(`the input ${name} is ${type}, not int64 or int32`);
}
