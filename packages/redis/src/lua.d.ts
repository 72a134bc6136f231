/** The build puts the text of a script in its place. */
declare module '*.lua' {
  const source: string
  export default source
}
