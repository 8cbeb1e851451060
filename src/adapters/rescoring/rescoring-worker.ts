/** The thread that decides blocks: one at a time, as they come, under the meaning that it was started with. */
import { parentPort, workerData } from 'node:worker_threads';
import type {
  RescoringInput,
  RescoringOutcome,
  RescoringProvenance,
} from '../../application/ports-rescoring.ts';
import { decideBlock } from './decide-block.ts';
import { type MeaningData, unpackMeaning } from './meaning-data.ts';

export interface BlockTask {
  readonly id: number;
  readonly block: readonly RescoringInput[];
  readonly provenance: RescoringProvenance;
}

export interface BlockReply {
  readonly id: number;
  readonly outcomes: readonly RescoringOutcome[];
}

const meaning = unpackMeaning(workerData as MeaningData);

parentPort!.on('message', ({ id, block, provenance }: BlockTask) => {
  const reply: BlockReply = { id, outcomes: decideBlock(meaning, block, provenance) };
  parentPort!.postMessage(reply);
});
