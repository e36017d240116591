import { config } from 'zod';

// Must run before any schema is created: zod would try `new Function`, which the Content-Security-Policy blocks.
config({ jitless: true });
