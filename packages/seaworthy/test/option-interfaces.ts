/** Reads option interfaces of packages from their sources: names, and what their doc comments give as defaults. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** An option as its interface has it. */
export interface DocumentedOption {
  readonly name: string
  /** The text after `@defaultValue`. */
  readonly default: string | undefined
}

/** The options of an interface, without those it inherits. @param file - Below `packages`. */
export function optionsOf(file: string, name: string): DocumentedOption[] {
  const path = new URL(`../../${file}`, import.meta.url)
  const source = ts.createSourceFile(file, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const found = source.statements.find(
    (each): each is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(each) && each.name.text === name,
  )
  if (found === undefined) throw new Error(`there is no interface ${name} in ${file}`)
  return found.members.map((member) => {
    const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'defaultValue')
    return {
      name: (member.name as ts.Identifier).text,
      default: tag && ts.getTextOfJSDocComment(tag.comment),
    }
  })
}

/** A default as data; undefined where it is given in words. */
export function defaultOf({ default: text = '' }: DocumentedOption): unknown {
  const quoted = /^`?'([^']*)'`?/.exec(text)?.[1]
  if (quoted !== undefined) return quoted
  const word = /^`?(true|false)\b/.exec(text)?.[1]
  if (word !== undefined) return word === 'true'
  const number = /^`?(\d[\d,]*(?:\.\d+)?)`?(?=$|[\s,.;])/.exec(text)?.[1]
  return number === undefined ? undefined : Number(number.replaceAll(',', ''))
}
