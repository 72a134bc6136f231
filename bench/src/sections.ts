/** Everything that is measured besides speed, in the order of the report. */
import { bundleSections } from './bundle.ts'
import { bundlePartsSection } from './bundle-parts.ts'
import { garbageSections } from './garbage.ts'
import { importSection } from './import-time.ts'
import { memorySections } from './memory.ts'
import type { Section } from './section.ts'

export const sections: readonly Section[] = [
  ...garbageSections,
  ...memorySections,
  ...bundleSections,
  bundlePartsSection,
  importSection,
]
