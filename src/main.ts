/** `npm start`: API and worker in one process. */
import { runProcess } from './processes.ts';

await runProcess('everything');
