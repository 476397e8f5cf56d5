/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_DOCTOR_NIC_H
#define TOOLS_DOCTOR_NIC_H

/* `tlsring doctor --nic DEVICE --fix`: switch on what is off, and note it so that it can be undone.
 * An exit status. */
int doctor_nic_fix(const char *device);
/* Switch off what doctor_nic_fix() switched on since it was last undone. */
int doctor_nic_undo(const char *device);

#endif
