// The name vitest looks for when it is started bare, by an editor for instance.
export { default } from './vitest.workspace.ts'
