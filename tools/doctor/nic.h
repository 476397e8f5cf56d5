/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_DOCTOR_NIC_H
#define TOOLS_DOCTOR_NIC_H

/* `tlsring doctor --nic DEVICE --fix`: switch on what TLS offload needs, and note it for
 * doctor_nic_undo(). An exit status. */
int doctor_nic_fix(const char *device);
/* Switch off what doctor_nic_fix() switched on. An exit status. */
int doctor_nic_undo(const char *device);

#endif
