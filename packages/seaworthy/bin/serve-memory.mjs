/** Loaded into programs that `seaworthy drill memory --cmd` starts: they tell their memory when they are asked. */
import { serveMemory } from '@seaworthy/drill'

serveMemory()
