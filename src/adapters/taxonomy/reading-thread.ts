/** The worker thread that reads the texts of a taxonomy: half a second of parsing that no request should wait for. */
import { parentPort, workerData } from 'node:worker_threads';
import { type FileTexts, readDocuments } from './read-taxonomy.ts';

parentPort?.postMessage(readDocuments(workerData as FileTexts));
