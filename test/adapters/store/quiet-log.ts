/** A log for stores whose warnings are expected. */
export const quiet = { info() {}, warn() {}, error() {} };
