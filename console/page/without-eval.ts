import { config } from 'zod';

// Imported before any schema is made: zod would try `new Function`, which the Content-Security-Policy refuses and logs.
config({ jitless: true });
