#!/usr/bin/env node
// Starts the program under the name kmsrecover. npm's commands on Windows call a file, so that a link would lose its name.
import './run.js';
