/** The build puts the text of a file in its place. */
declare module '*.sql' {
  const text: string
  export default text
}
