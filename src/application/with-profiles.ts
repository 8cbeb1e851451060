/** Runs what needs the vectors of a profile that may not be loaded yet: loads them, and runs it again. */
import { ProfileNotLoaded } from '../domain/tagging/bank.ts';

/** Resolves once the vectors under the profile are there. */
export type LoadProfile = (profileId: string) => Promise<void>;

/** `work` is undone by whoever it writes through when it throws, and must be fit to run again. */
export async function withProfiles<T>(load: LoadProfile, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ProfileNotLoaded)) throw error;
      await load(error.profileId);
    }
  }
}
