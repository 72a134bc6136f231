/** The program that a drill watches, as a child: the sample, and the sample with a leak. */
import { sampleSoak } from '@seaworthy/drill'

const [leak] = process.argv.slice(2)
await sampleSoak(leak === 'listener' || leak === 'memory' ? leak : undefined)
