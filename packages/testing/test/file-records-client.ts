import { conformanceClient } from '@seaworthy/testing/conformance'
import { type FilePlace, fileRecords } from './file-records.ts'

await conformanceClient({ idempotency: async (place: FilePlace) => ({ store: await fileRecords(place) }) })
