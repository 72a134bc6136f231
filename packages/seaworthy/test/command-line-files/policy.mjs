/** What `explain` takes: anything that describes itself. */
export default { describe: () => [] }
