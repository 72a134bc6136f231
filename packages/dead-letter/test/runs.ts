/** How long property tests run, and from which seed: `PROPERTY_RUNS` and `PROPERTY_SEED` change it. */
export function runs(usual: number): { readonly numRuns: number; readonly seed: number } {
  return {
    numRuns: Number(process.env['PROPERTY_RUNS'] ?? usual),
    seed: Number(process.env['PROPERTY_SEED'] ?? 20),
  }
}
