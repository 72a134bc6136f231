/** Whose memory `seaworthy drill run` watches unless told otherwise: the sample service under load. */
import { sampleSoak } from '@seaworthy/drill'

// A terminal sends Ctrl-C to this process as well. It ends when the drill does, or when that is gone.
process.on('SIGINT', () => {})
await sampleSoak()
