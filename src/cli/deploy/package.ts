/** `deploy clip package`: the archive as a file, for whoever brings it to a container by another way. */
import { DeployFault } from '../../application/ports-deploy.ts';

export interface PackageScreen {
  print(line: string): void;
  complain(line: string): void;
}

/** `pack`: writes the archive and gives its path, which is all that is printed. Exit code: 0, or 2 with nothing written. */
export async function runPackage(
  pack: () => Promise<string>,
  { print, complain }: PackageScreen,
): Promise<number> {
  try {
    print(await pack());
    return 0;
  } catch (error) {
    if (!(error instanceof DeployFault)) throw error;
    complain(error.message);
    return 2;
  }
}
