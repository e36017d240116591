// The same properties, three times as often.
import './narrowed-events.test';
