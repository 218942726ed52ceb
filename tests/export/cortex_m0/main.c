/* Ends with 0 if the model answers the images as expected, by semihosting. */
#include "misread.h"
#include "expected.h"

static int check(void)
{
    int i;
    for (i = 0; i < N_IMAGES; i++) {
        if (misread_predict(images[i]) != labels[i] || misread_predict_if_sure(images[i]) != if_sure[i])
            return 1;
    }
    return 0;
}

static void leave(int code)
{
    uint32_t block[2] = { 0x20026, (uint32_t)code };
    register uint32_t operation __asm__("r0") = 0x20;
    register uint32_t *argument __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : : "r"(operation), "r"(argument) : "memory");
}

static void reset(void)
{
    leave(check());
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[2])(void) = {
    (void (*)(void))0x20004000, reset
};
