import { createNoOriginals } from '../../src/adapters/originals/none.ts';
import { originalsContract } from './originals.contract.ts';

originalsContract({ name: 'none', open: async () => createNoOriginals(), keeps: false });
